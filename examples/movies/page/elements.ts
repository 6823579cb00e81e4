// Elements of the page by id, of the kind they are known to be.

type Kind<Made extends Element> = new () => Made;

export function byId<Made extends Element>(id: string, kind: Kind<Made>): Made {
  return checked(document.getElementById(id), kind, `#${id}`);
}

export function within<Made extends Element>(parent: ParentNode, selector: string, kind: Kind<Made>): Made {
  return checked(parent.querySelector(selector), kind, selector);
}

function checked<Made extends Element>(found: Element | null, kind: Kind<Made>, name: string): Made {
  if (found instanceof kind) return found;
  throw new Error(`index.html should have ${name}, a ${kind.name}`);
}

/** Shows a line of text for a short time. */
export function toast(text: string): void {
  const box = byId('toast', HTMLDivElement);
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), 6000);
}

let toastTimer: ReturnType<typeof setTimeout> | undefined;
