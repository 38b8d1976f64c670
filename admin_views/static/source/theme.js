// Light or dark as Airflow has it, before anything is painted and whenever it is switched: the frame's outer
// document carries the class "light" or "dark", and Airflow's own colours as CSS variables.
const own = document.documentElement;
const AIRFLOWS = {
  "--bg": "--chakra-colors-bg",
  "--fg": "--chakra-colors-fg",
  "--line": "--chakra-colors-border-emphasized",
  "--subtle": "--chakra-colors-bg-subtle",
  "--button": "--chakra-colors-brand-solid",
  "--on-button": "--chakra-colors-brand-contrast",
  "--font": "--chakra-fonts-body",
};

function outerDocument() {
  try {
    return window.parent === window ? null : window.parent.document;
  } catch {
    return null; // framed by another origin, which the browser keeps from us
  }
}

function follow(outer) {
  const dark = outer.documentElement.classList.contains("dark");
  own.dataset.theme = dark ? "dark" : "light";
  const theirs = window.parent.getComputedStyle(outer.documentElement);
  for (const [ours, name] of Object.entries(AIRFLOWS)) {
    const value = theirs.getPropertyValue(name).trim();
    if (value) own.style.setProperty(ours, value);
  }
}

const outer = outerDocument();
if (outer) {
  follow(outer);
  new MutationObserver(() => follow(outer)).observe(outer.documentElement, {
    attributes: true,
    attributeFilter: ["class", "style"],
  });
} else {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const choose = () => (own.dataset.theme = dark.matches ? "dark" : "light");
  choose();
  dark.addEventListener("change", choose);
}
