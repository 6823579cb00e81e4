// How a call that waits is given up.

/** Options of every call that waits, and of what goes on until it is ended. */
export interface Abortable {
  /**
   * Aborted, it ends the waiting: the promise rejects with the signal's reason, at once if the signal was aborted before. What goes on until
   * it is ended, such as a subscription, is ended.
   */
  signal?: AbortSignal | undefined;
}
