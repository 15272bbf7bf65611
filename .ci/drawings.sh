# Sourced by .ci/run: what reads the machines' drawings as text: Debian's graphviz, and mermaid with jsdom in the folder
# MERMAID_FOLDER, outside the project, since they are 180 MB. Installed when they are missing.

drawings_install() {
  command -v dot >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends graphviz >/dev/null; } || return 1
  if [ -z "${MERMAID_FOLDER:-}" ]; then
    MERMAID_FOLDER=$work/mermaid
    mkdir -p "$MERMAID_FOLDER"
    npm install --prefix "$MERMAID_FOLDER" --no-audit --no-fund --silent --ignore-scripts mermaid@11.17.2 jsdom@29.1.1 || return 1
  fi
  export MERMAID_FOLDER
}

drawings_install || {
  echo 'graphviz or mermaid could not be installed' >&2
  exit 1
}
