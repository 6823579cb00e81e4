// What Next.js does of this in the browser.

export function useServerInsertedHTML(): void {}
