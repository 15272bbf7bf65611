// @ts-check

/** What the page has done; read by its tests, which count instead of looking at a clock. */
export const meter = {
  /** Frames in which something was drawn. */
  frames: 0,
  /** Messages of the stream. */
  messages: 0,
  /** Rows that came in `state` and `changes`. */
  rowsReceived: 0,
  /** Rows of the list that were written to. */
  rowsTouched: 0,
  /** Times that the list was put in order. */
  sorts: 0,
  /** Steps of machines that came, and that were shown one by one. */
  stepsReceived: 0,
  stepsShown: 0,
  /** Steps that the server left out. */
  stepsDropped: 0,
  /** Times that the stream was opened. */
  connections: 0,
}
