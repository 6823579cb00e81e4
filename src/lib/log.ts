// The port to logging. Silent by default; the only module that uses the console.

export interface Log {
  debug(...parts: readonly unknown[]): void;
  info(...parts: readonly unknown[]): void;
  warn(...parts: readonly unknown[]): void;
  error(...parts: readonly unknown[]): void;
}

const ignore = (): void => {};

export const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A log that throws must stop nothing of what is logged. */
export function safeLog(log: Log): Log {
  const safe =
    (level: keyof Log): Log['debug'] =>
    (...parts) => {
      try {
        log[level](...parts);
      } catch {
        // There is nobody else to tell.
      }
    };
  return { debug: safe('debug'), info: safe('info'), warn: safe('warn'), error: safe('error') };
}

/* eslint-disable no-console -- the one place */
export const consoleLog: Log = {
  debug: (...parts) => console.debug('[triplane]', ...parts),
  info: (...parts) => console.info('[triplane]', ...parts),
  warn: (...parts) => console.warn('[triplane]', ...parts),
  error: (...parts) => console.error('[triplane]', ...parts),
};
/* eslint-enable no-console */
