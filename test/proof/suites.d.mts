export const suites: Readonly<Record<string, string>>
