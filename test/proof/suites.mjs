/**
 * Parts of the proof that are test files as well, by what vitest is told to run. What the proof has run on a version of
 * Node need not run on it again: `.ci/run` leaves exactly these out there.
 */
export const suites = {
  model: 'test/model/',
  fuzz: 'test/fuzz/',
  leaks: 'test/leaks/',
  /** The short form of the harness that the proof runs at length. */
  crash: 'test/crash/crash.test.ts',
}
