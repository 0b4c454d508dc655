/**
 * Makes one tree like another by the least that differs, so that focus, scroll, open dialogs and what was typed stay as
 * they are. Elements with an id are found again wherever they went to.
 * @param {Element} old
 * @param {Element} fresh
 */
export function morph(old, fresh) {
  if (old instanceof HTMLDialogElement && old.open) return;
  sameAttributes(old, fresh);
  sameChildren(old, fresh);
}

/** @param {Element} old @param {Element} fresh */
function sameAttributes(old, fresh) {
  for (const name of old.getAttributeNames()) {
    // What somebody unfolded stays so.
    if (name === "open" && old instanceof HTMLDetailsElement) continue;
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** @param {Element} old @param {Element} fresh */
function sameChildren(old, fresh) {
  const known = new Map([...old.children].filter(({ id }) => id !== "").map((child) => [child.id, child]));
  const wanted = new Set([...fresh.children].map(({ id }) => id).filter((id) => id !== ""));
  let place = old.firstChild;
  for (const node of fresh.childNodes) {
    const found = node instanceof Element && node.id !== "" ? known.get(node.id) : undefined;
    if (found !== undefined && found !== place) {
      old.insertBefore(found, place);
      place = found;
    }
    // One that is wanted further down is not made into another.
    while (place instanceof Element && place !== found && place.id !== "" && !isOpen(place)) {
      const next = place.nextSibling;
      if (wanted.has(place.id)) break;
      place.remove();
      place = next;
    }
    if (place !== null && isLike(place, node)) {
      if (place instanceof Element && node instanceof Element) morph(place, node);
      else if (place.nodeValue !== node.nodeValue) place.nodeValue = node.nodeValue;
      place = place.nextSibling;
    } else {
      old.insertBefore(document.importNode(node, true), place);
    }
  }
  while (place !== null) {
    const next = place.nextSibling;
    if (!(place instanceof Element && isOpen(place))) place.remove();
    place = next;
  }
}

/** @param {Element} element */
function isOpen(element) {
  return element instanceof HTMLDialogElement && element.open;
}

/** @param {Node} old @param {Node} fresh */
function isLike(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return false;
  return !(old instanceof Element && fresh instanceof Element) || old.id === fresh.id;
}
