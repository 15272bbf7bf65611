export interface Bundle {
  readonly path: string
  remove(): Promise<void>
}

export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

export function bundle(
  name: string,
  edits?: readonly Edit[],
  entry?: string,
  others?: Readonly<Record<string, string>>,
): Promise<Bundle>
