/* Sends page views to TekUp. Put it on your pages with a token that has the scope touchpoints:write and no other:

     <script src="https://api.example.com/v1/touchpoints/collector.js" data-token="tk_…" defer></script>

   Nothing is stored or sent before tekup.consent(true), and tekup.consent(false) forgets the visitor again.
   tekup.track(kind, more) sends another touchpoint, tekup.visitor() is the id to send along with a form.
   tekup.variant(key, attributes) promises the visitor's variant of an experiment and notes that he saw it; null means to
   show what you would without one. It needs the scope exposures:write too. */
(function () {
  "use strict";
  var script = document.currentScript;
  var address = new URL("../touchpoints", script.src).href;
  var token = script.dataset.token;
  var KEY = "tekup_visitor", CONSENT = "tekup_consent";

  function stored(key) { try { return localStorage.getItem(key); } catch (e) { return null; } }
  function store(key, value) {
    try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch (e) { /* private mode */ }
  }
  function consented() { return stored(CONSENT) === "yes"; }
  function visitor() {
    if (!consented()) { return null; }
    var id = stored(KEY);
    if (!id) { id = crypto.randomUUID(); store(KEY, id); }
    return id;
  }
  function track(kind, more) {
    var id = visitor();
    if (!id) { return Promise.resolve(false); }
    var query = new URLSearchParams(location.search);
    var touch = { id: crypto.randomUUID(), kind: kind, anonymous_id: id, occurred_at: new Date().toISOString(),
      landing_page: location.origin + location.pathname,
      device: /Mobi|Android/i.test(navigator.userAgent) ? "mobile" : "desktop" };
    ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"].forEach(function (name) {
      var value = query.get(name);
      if (value) { touch[name] = value.slice(0, 500); }
    });
    if (document.referrer && new URL(document.referrer).host !== location.host) { touch.referrer = document.referrer; }
    return fetch(address, { method: "POST", keepalive: true, body: JSON.stringify(Object.assign(touch, more)),
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + token } })
      .then(function (answer) { return answer.ok; }, function () { return false; });
  }
  function variant(key, attributes) {
    var id = visitor();
    if (!id) { return Promise.resolve(null); }
    return fetch(new URL("../experiments/assignments", script.src).href, { method: "POST",
      signal: AbortSignal.timeout(1000),
      body: JSON.stringify({ anonymous_id: id, attributes: attributes || {}, expose: [key] }),
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + token } })
      .then(function (answer) { return answer.ok ? answer.json() : { variants: {} }; })
      .then(function (given) { return given.variants[key] || null; }, function () { return null; });
  }
  function consent(given) {
    store(CONSENT, given ? "yes" : "no");
    if (!given) { store(KEY, null); return Promise.resolve(false); }
    return track("visit");
  }
  window.tekup = { consent: consent, track: track, visitor: visitor, variant: variant };
  if (consented()) { track("visit"); }
}());
