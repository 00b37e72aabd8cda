// Renews what changed every two seconds, and says so when the gateway is lost:
// an old value must not stand here as if it were now. Written for the WebViews
// of old phones and cab displays. Without it the page reloads itself.
(function () {
  'use strict';
  var live = document.getElementById('live');
  var cut = document.getElementById('cut');
  var seconds = document.getElementById('cut-seconds');
  var every = 2000, lostAfter = 10000;
  var last = now(), busy = false, pressed = 0;

  function now() { return window.performance && performance.now ? performance.now() : Date.now(); }

  function tell() {
    var lost = now() - last;
    var is = lost > lostAfter;
    document.body.className = is ? 'cut' : '';
    cut.hidden = !is;
    if (is) seconds.textContent = String(Math.round(lost / 1000));
  }

  function written(part) {
    var fields = part.querySelectorAll('input[type=text], input[type=file]');
    for (var i = 0; i < fields.length; i++) if (fields[i].value || fields[i] === document.activeElement) return true;
    return false;
  }

  // Only parts that changed are replaced: a button keeps its focus, and a
  // screen reader is not told the same alarm again.
  function renew(html) {
    var fresh = document.createElement('div');
    fresh.innerHTML = html;
    var a = live.children, b = fresh.children, i, same = a.length === b.length;
    for (i = 0; same && i < a.length; i++) same = a[i].id === b[i].id;
    if (!same) { if (!written(live)) live.innerHTML = html; return; }
    for (i = a.length - 1; i >= 0; i--) {
      // A form in which somebody has begun to write is left alone.
      if (a[i].outerHTML !== b[i].outerHTML && !written(a[i])) live.replaceChild(b[i], a[i]);
    }
  }

  function poll() {
    if (busy || now() - pressed < 1500) return;
    busy = true;
    var x = new XMLHttpRequest();
    x.open('GET', live.getAttribute('data-live'));
    x.timeout = 5000;
    x.onload = function () {
      busy = false;
      if (x.status !== 200) return;
      last = now();
      renew(x.responseText);
      tell();
    };
    x.onerror = x.ontimeout = x.onabort = function () { busy = false; };
    x.send();
  }

  function press() { pressed = now(); }
  document.addEventListener('touchstart', press);
  document.addEventListener('mousedown', press);
  document.addEventListener('visibilitychange', function () { if (!document.hidden) { tell(); poll(); } });
  // A cab's display: it must not sleep, and day and night come from the gateway.
  if (document.body.getAttribute('data-look')) {
    var awake = function () { if (navigator.wakeLock && !document.hidden) navigator.wakeLock.request('screen').then(null, function () {}); };
    awake();
    document.addEventListener('visibilitychange', awake);
    setInterval(function () { if (now() - last < lostAfter) location.reload(); }, 600000);
  }
  setInterval(poll, every);
  setInterval(tell, 1000);
})();
