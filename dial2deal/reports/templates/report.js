document.documentElement.classList.add('js');
document.querySelectorAll('table.sortable').forEach(function (table) {
  var heads = [].slice.call(table.tHead.rows[0].cells), body = table.tBodies[0];
  function key(row, column) {
    var cell = row.cells[column], text = cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
    var number = parseFloat(text.replace(/[,¥%×]/g, ''));
    return /^[-¥\d]/.test(text) && !/^\d{4}-/.test(text) && !isNaN(number) ? number : text;
  }
  function sort(column) {
    var down = heads[column].getAttribute('aria-sort') !== 'descending';
    heads.forEach(function (head) { head.removeAttribute('aria-sort'); });
    heads[column].setAttribute('aria-sort', down ? 'descending' : 'ascending');
    [].slice.call(body.rows).sort(function (a, b) {
      var x = key(a, column), y = key(b, column);
      var order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'zh');
      return down ? -order : order;
    }).forEach(function (row) { body.appendChild(row); });
  }
  heads.forEach(function (head, column) {
    head.tabIndex = 0;
    head.addEventListener('click', function () { sort(column); });
    head.addEventListener('keydown', function (event) { if (event.key === 'Enter') { sort(column); } });
  });
});
document.querySelectorAll('table.long').forEach(function (table) {
  if (table.tBodies[0].rows.length <= 12) { return; }
  var button = document.createElement('button');
  button.className = 'all';
  button.textContent = table.dataset.all;
  button.addEventListener('click', function () { table.classList.remove('short'); button.remove(); });
  table.classList.add('short');
  table.parentNode.after(button);
});
