// The first element that a selector matches, by default in the whole document.
export const find = (selector, within = document) => within.querySelector(selector);
