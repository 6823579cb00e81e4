// A name that programs for InstantDB's admin SDK may call. docs/differences.md lists such names.

/** Does nothing: this SDK logs no such warnings. */
export function setInstantWarningsEnabled(_enabled: boolean): void {}
