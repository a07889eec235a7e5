"""What Streamlit's own markup lacks for eyes, keyboards and screen readers. Colours are the theme's affair."""

import streamlit as st

_STYLE = """<style>
/* Streamlit writes white on the primary colour, which is light in the dark: 2.3 to 1, where 4.5 is needed */
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primaryFormSubmit"],
[data-testid="stMultiSelect"] span[title], [data-testid="stMultiSelect"] span[title] * {
  color: light-dark(#ffffff, #10171e) !important;
}
/* a caption's words are faded already; a link in it is not faded once more */
[data-testid="stCaptionContainer"] a { color: inherit !important; }
/* who goes by the keyboard sees where he is */
a:focus-visible, button:focus-visible, [tabindex]:focus-visible {
  outline: 2px solid light-dark(#005f97, #56b4e9) !important;
  outline-offset: 2px;
}
/* two tiles beside each other on a phone, where Streamlit gives each a line of its own */
@media (max-width: 640px) {
  [data-testid="stColumn"]:has(> [data-testid="stVerticalBlock"] > [data-testid="stElementContainer"]:only-child
      > [data-testid="stMetric"]) {
    flex: 1 1 calc(50% - 1rem);
    min-width: calc(50% - 1rem);
  }
}
</style>"""
_SCRIPT = """<script>
(() => {
  if (window.tekupMends) return;
  window.tekupMends = true;
  const give = (one, name, value) => { if (one.getAttribute(name) !== value) one.setAttribute(name, value); };
  const mend = () => {
    // a list whose items lie in further elements is none to a screen reader
    document.querySelectorAll('[data-testid="stSidebarNavItems"], [data-testid="stSidebarNavItems"] li')
      .forEach(one => give(one, 'role', 'none'));
    // a tile's course repeats what its figure says, and has no words
    document.querySelectorAll('[data-testid="stMetric"] svg.marks').forEach(one => give(one, 'aria-hidden', 'true'));
    // what scrolls must be reached by the keyboard
    document.querySelectorAll('[data-testid="stTable"] > div').forEach(one => give(one, 'tabindex', '0'));
  };
  let waits = false;
  const soon = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; mend(); });
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  mend();
})();
</script>"""


def mend_markup() -> None:
    """Add the styles and the script that mends; both are this file's own words, so nothing of a tenant can run."""
    st.html(_STYLE)
    st.html(_SCRIPT, unsafe_allow_javascript=True)
