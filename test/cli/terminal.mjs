// Loaded first by a process of a test: its standard output says that it is a terminal.
Object.defineProperty(process.stdout, 'isTTY', { value: true })
