/* Shows a TekUp form where the script stands, and sends it in:

     <script src="https://api.example.com/v1/public/forms/form.js" data-form="fm_…" defer></script>

   Your own markup: give it data-into="#selector" of a <form> whose fields have the form's names. Where the collector
   of touchpoints is on the page too and the visitor has consented, his visits are joined to the lead.
   The page hears "tekup:sent" and "tekup:failed" on the element. */
(function () {
  "use strict";
  var script = document.currentScript, key = script.dataset.form;
  var place = new URL(encodeURIComponent(key), script.src).href;
  var FOUND = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];

  function element(name, more, children) {
    var made = Object.assign(document.createElement(name), more || {});
    (children || []).forEach(function (child) { made.append(child); });
    return made;
  }
  function control(field) {
    var more = { name: field.name, required: field.is_required };
    if (field.kind === "choice") {
      return element("select", more, [element("option", { value: "", textContent: "" })].concat(
        field.choices.map(function (one) { return element("option", { value: one, textContent: one }); })));
    }
    if (field.kind === "long_text") { return element("textarea", Object.assign(more, { maxLength: 20000 })); }
    var types = { email: "email", phone: "tel", number: "number", checkbox: "checkbox" };
    return element("input", Object.assign(more, { type: types[field.kind] || "text" }));
  }
  function build(form, shown) {
    shown.fields.forEach(function (field) {
      if (!form.elements.namedItem(field.name)) { form.append(element("label", {}, [field.label + " ", control(field)])); }
    });
    shown.consents.forEach(function (consent) {
      var box = element("input", { type: "checkbox", name: "consent:" + consent.key, required: consent.is_required });
      form.append(element("label", { lang: consent.language }, [box, " " + consent.text]));
    });
    var trap = element("input", { name: shown.trap, tabIndex: -1, autocomplete: "off", value: "" });
    trap.setAttribute("aria-hidden", "true");
    trap.style.cssText = "position:absolute;left:-9999px;height:1px;width:1px;opacity:0";
    form.append(trap);
    if (!form.querySelector("[type=submit]")) { form.append(element("button", { type: "submit", textContent: "OK" })); }
  }
  function zeros(bytes) {
    for (var i = 0, bits = 0; i < bytes.length; i += 1, bits += 8) {
      if (bytes[i]) { return bits + Math.clz32(bytes[i]) - 24; }
    }
    return bits;
  }
  async function work(challenge, bits) {
    for (var n = 0; ; n += 1) {
      var digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(challenge + ":" + n));
      if (zeros(new Uint8Array(digest)) >= bits) { return String(n); }
    }
  }
  function answers(form, shown) {
    var found = {}, input = function (name) { return form.elements.namedItem(name); };
    shown.fields.forEach(function (field) {
      var one = input(field.name);
      if (one) { found[field.name] = field.kind === "checkbox" ? one.checked : one.value; }
    });
    found[shown.trap] = input(shown.trap).value;
    return found;
  }
  async function send(form, shown, solved, id) {
    var query = new URLSearchParams(location.search);
    var body = { id: id, challenge: shown.challenge, work: await solved, answers: answers(form, shown),
      consents: shown.consents.map(function (one) { return one.key; }).filter(function (one) {
        return form.elements.namedItem("consent:" + one).checked; }),
      consent_version: shown.consent_version, landing_page: location.origin + location.pathname };
    FOUND.forEach(function (name) { if (query.get(name)) { body[name] = query.get(name).slice(0, 500); } });
    if (document.referrer && new URL(document.referrer).host !== location.host) { body.referrer = document.referrer; }
    var visitor = window.tekup && window.tekup.visitor();
    if (visitor) { body.anonymous_id = visitor; }
    var answer = await fetch(place + "/submissions", { method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" } });
    var told = await answer.json();
    if (!answer.ok) { throw Object.assign(new Error(told.detail), { problem: told }); }
    return told;
  }
  async function start() {
    var form = script.dataset.into ? document.querySelector(script.dataset.into) : element("form");
    if (!script.dataset.into) { script.closest("head") ? document.body.append(form) : script.after(form); }
    var shown = await (await fetch(place)).json(), id = crypto.randomUUID();
    if (!shown.fields) { throw new Error(shown.detail); }
    build(form, shown);
    var solved = work(shown.challenge, shown.work_bits);
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      try {
        var told = await send(form, shown, solved, id);
        form.dispatchEvent(new CustomEvent("tekup:sent", { detail: told, bubbles: true }));
        if (told.redirect_url) { location.assign(told.redirect_url); return; }
        form.replaceChildren(element("p", { textContent: told.thanks || "✓" }));
      } catch (error) {
        form.dispatchEvent(new CustomEvent("tekup:failed", { detail: error.problem || error, bubbles: true }));
        var note = form.querySelector("[role=alert]") || form.appendChild(element("p"));
        note.setAttribute("role", "alert");
        note.textContent = error.message;
      }
    });
  }
  start().catch(function (error) { console.error("TekUp form: " + error.message); });
}());
