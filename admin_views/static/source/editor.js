// The text of a Hadoop file in CodeMirror, in place of the text field; only that page loads it. CodeMirror brings its
// styles as style sheets that scripts make: within a shadow root that needs no exception of the Content-Security-Policy.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { xml } from "@codemirror/lang-xml";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// The variables of pages.css reach into the shadow root, and so light and dark do.
const LOOK = EditorView.theme({
  "&": { color: "var(--fg)", backgroundColor: "var(--bg)", border: "1px solid var(--line)", borderRadius: "6px", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--brand)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "12em", maxHeight: "max(20em, calc(100vh - 17em))" },
  ".cm-content": { caretColor: "var(--fg)" },
  ".cm-gutters": { backgroundColor: "var(--subtle)", color: "var(--muted)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--brand) 8%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--fg)" },
  ".cm-cursor": { borderLeftColor: "var(--fg)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--brand) 30%, transparent)",
  },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--warn-bg)", color: "var(--warn)" },
  ".cm-panels": { backgroundColor: "var(--subtle)", color: "var(--fg)" },
  ".cm-panel input, .cm-panel button": { color: "var(--fg)", backgroundColor: "var(--bg)", backgroundImage: "none", border: "1px solid var(--line)", borderRadius: "4px" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--dull-bg)", color: "var(--dull)", border: "0" },
});
const COLOURS = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--busy)" },
  { tag: tags.attributeName, color: "var(--warn)" },
  { tag: tags.attributeValue, color: "var(--good)" },
  { tag: [tags.comment, tags.processingInstruction, tags.documentMeta], color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--bad)", textDecoration: "underline wavy" },
]);

function opened(field, place) {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  field.before(host);
  field.hidden = true;
  const told = EditorView.updateListener.of((update) => {
    if (update.docChanged) noteEdit();
    if (!update.selectionSet && !update.docChanged) return;
    const head = update.state.selection.main.head;
    const line = update.state.doc.lineAt(head);
    place.textContent = `Line ${line.number}, column ${head - line.from + 1}`;
  });
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), bracketMatching(), highlightActiveLine(),
        highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }), indentUnit.of("  "),
        xml(), syntaxHighlighting(COLOURS), LOOK, told,
        keymap.of([...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap]), // Tab leads on, as everywhere
        EditorView.contentAttributes.of({ "aria-label": field.labels[0].textContent, spellcheck: "false" }),
      ],
    }),
  });
}

// What was typed is not saved: this is how the page knows (unsaved.js).
function noteEdit() {
  const mark = document.createElement("input");
  Object.assign(mark, { type: "hidden", name: "part", value: "text" });
  document.getElementById("staged").replaceChildren(mark);
}

function goTo(view, line, column = 1) {
  const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
  const anchor = Math.min(at.from + column - 1, at.to);
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
  view.focus();
}

// The server says where a fault is; the cursor goes there.
function showFault(view, text) {
  const where = /at line (\d+)(?:, column (\d+))?/.exec(text);
  if (where) goTo(view, Number(where[1]), Number(where[2] ?? 1));
}

function tell(html) {
  const notice = document.getElementById("notice");
  notice.innerHTML = html;
  return notice.textContent;
}

// The text is sent as it is: a form would make line ends its own and a large file half as large again.
async function review(form, view) {
  const answer = await fetch(`${form.dataset.text}?parent=${openedAt}`, {
    method: "POST",
    body: view.state.doc.toString(),
    headers: { "HX-Request": "true", "Content-Type": "text/plain; charset=utf-8" },
  }).catch(() => null);
  if (!answer) return tell("The server does not answer. What you typed is still here; try again.");
  const text = await answer.text();
  if (!answer.ok) return showFault(view, tell(text));
  document.getElementById("notice").replaceChildren();
  document.getElementById("staged").innerHTML = text;
  form.dispatchEvent(new CustomEvent("staged", { bubbles: true }));
}

const form = document.querySelector("form[data-text]");
const openedAt = form.elements.namedItem("parent").value; // what is saved on top of may become a later revision
const view = opened(form.querySelector("textarea"), form.querySelector("[data-place]"));
form.querySelector("textarea").removeAttribute("name"); // what is sent is the editor's
form.addEventListener("submit", (event) => {
  event.preventDefault();
  review(form, view);
});
const { line } = form.querySelector("textarea").dataset;
if (line) goTo(view, Number(line));
