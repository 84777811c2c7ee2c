(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('scripted');

  // Copy buttons.
  document.querySelectorAll('.copy').forEach(function (button) {
    button.addEventListener('click', function () {
      var code = button.closest('.code').querySelector('code');
      var done = function () {
        button.textContent = 'Copied';
        setTimeout(function () { button.textContent = 'Copy'; }, 1500);
      };
      var select = function () {
        var range = document.createRange();
        range.selectNodeContents(code);
        var selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        if (document.execCommand('copy')) { done(); }
      };
      // A page opened from a file may not be allowed to use the clipboard directly.
      if (navigator.clipboard) {
        navigator.clipboard.writeText(code.textContent).then(done, select);
      } else {
        select();
      }
    });
  });

  // Hiding the lines of an optimizer.
  document.querySelectorAll('.race').forEach(function (race) {
    race.querySelectorAll('.chip').forEach(function (chip) {
      chip.addEventListener('click', function () {
        var show = chip.getAttribute('aria-pressed') !== 'true';
        chip.setAttribute('aria-pressed', String(show));
        race.querySelectorAll('g[data-n="' + chip.dataset.n + '"]').forEach(function (group) {
          group.classList.toggle('off', !show);
        });
      });
    });
  });

  // Values under the pointer.
  function nearest(xs, x) {
    var best = 0;
    for (var i = 1; i < xs.length; i++) {
      if (Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) { best = i; }
    }
    return best;
  }
  function short(x) {
    return x === 0 || Math.abs(x) >= 0.001 ? String(Number(x.toPrecision(4))) : x.toExponential(2);
  }
  document.querySelectorAll('.view').forEach(function (view) {
    var data = JSON.parse(view.querySelector('.hover').textContent);
    var tip = document.createElement('div');
    var cursor = document.createElement('div');
    tip.className = 'tip';
    cursor.className = 'cursor';
    function hide() { tip.remove(); cursor.remove(); }
    function move(event) {
      var svg = event.target.closest('svg.plot');
      if (!svg) { return hide(); }
      var frame = data.frames[svg.classList.contains('narrow') ? 1 : 0];
      var box = svg.getBoundingClientRect();
      var outer = view.getBoundingClientRect();
      var scale = box.width / frame[2];
      var pixel = (event.clientX - box.left) / scale;
      if (pixel < frame[0] - 8 || pixel > frame[1] + 8) { return hide(); }
      var part = Math.min(1, Math.max(0, (pixel - frame[0]) / (frame[1] - frame[0])));
      var x = data.domain[0] + part * (data.domain[1] - data.domain[0]);
      var rows = [];
      var at = x;
      data.series.forEach(function (series) {
        var chip = view.parentNode.querySelector('.chip[data-n="' + series[0] + '"]');
        if (!series[2].length || chip && chip.getAttribute('aria-pressed') === 'false') { return; }
        var i = nearest(series[2], x);
        at = series[2][i];
        rows.push([series[3][i], series[1], series[0]]);
      });
      if (!rows.length) { return hide(); }
      rows.sort(function (a, b) { return b[0] - a[0]; });
      tip.textContent = '';
      var head = document.createElement('b');
      head.textContent = short(at) + ' ' + data.unit;
      tip.appendChild(head);
      rows.forEach(function (row) {
        var line = document.createElement('span');
        var name = document.createElement('i');
        name.className = 's' + row[2] % 8;
        name.textContent = row[1];
        line.appendChild(name);
        line.appendChild(document.createTextNode(short(row[0])));
        tip.appendChild(line);
      });
      view.appendChild(cursor);
      view.appendChild(tip);
      var left = box.left - outer.left + (frame[0] + part * (frame[1] - frame[0])) * scale;
      cursor.style.left = left + 'px';
      cursor.style.top = box.top - outer.top + 'px';
      cursor.style.height = box.height - 40 * scale + 'px';
      var flip = left + tip.offsetWidth + 24 > outer.width;
      tip.style.left = Math.max(0, flip ? left - tip.offsetWidth - 12 : left + 12) + 'px';
      tip.style.top = event.clientY - outer.top + 14 + 'px';
    }
    view.addEventListener('pointermove', move);
    view.addEventListener('pointerleave', hide);
  });
})();
