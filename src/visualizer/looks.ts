/** One name for a colour in the style sheet's light and dark scheme; the light one is in the drawing itself, too. */
export const light = {
  paper: '#ffffff',
  state: '#f6f8fa',
  inner: '#ffffff',
  border: '#8c959f',
  ink: '#1f2328',
  muted: '#59636e',
  line: '#6e7781',
  active: '#dafbe1',
  activeBorder: '#1a7f37',
  last: '#bc4c00',
} as const

const dark: Record<keyof typeof light, string> = {
  paper: '#0d1117',
  state: '#151b23',
  inner: '#212830',
  border: '#656c76',
  ink: '#f0f6fc',
  muted: '#9198a1',
  line: '#848d97',
  active: '#12361f',
  activeBorder: '#3fb950',
  last: '#f0883e',
}

export const fontFamily = "'Roboto Mono', ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

/**
 * The style sheet of the drawings: light and dark after `prefers-color-scheme`. Classes that a page may toggle:
 * `is-active` and `is-leaf` on `[data-state]`, `is-last` on `[data-edge]`, `is-running` on `[data-actor]`. Colours are
 * custom properties named `--machine-…`, so that a page may set its own.
 */
export const machineCss = `.machine{${variables(light)}}
@media (prefers-color-scheme:dark){.machine{${variables(dark)}}}
.machine{font-family:${fontFamily}}
.machine-paper{fill:var(--machine-paper)}
.machine-box{fill:var(--machine-state);stroke:var(--machine-border)}
.machine-box.is-inner{fill:var(--machine-inner)}
.machine-name,.machine-label{fill:var(--machine-ink)}
.machine-row,.machine-actions{fill:var(--machine-muted)}
.machine-dot{fill:var(--machine-ink)}
.machine-line{stroke:var(--machine-line)}
.machine-arrow{fill:var(--machine-line)}
.machine-back{fill:var(--machine-paper);fill-opacity:.85}
.is-active>.machine-box{fill:var(--machine-active);stroke:var(--machine-activeBorder)}
.is-leaf>.machine-box{stroke-width:3}
.is-last>.machine-line{stroke:var(--machine-last);stroke-width:2.5}
.is-last>.machine-arrow,.is-last .machine-label,.is-last .machine-actions,.machine-row.is-last{fill:var(--machine-last)}
.machine-row.is-running{fill:var(--machine-activeBorder)}
`

function variables(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--machine-${name}:${colour}`)
    .join(';')
}
