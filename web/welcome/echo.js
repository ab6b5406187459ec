'use strict';

// Talks to the echo service of the gateway that served this page, over ws or wss as the page itself came over http or https.
const address = new URL('/echo', location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';

const longestLog = 200;
const $ = id => document.getElementById(id);
const sent = []; // times of messages that have not come back; an echo keeps their order
const times = [];
let socket;
let count = 0;

$('address').textContent = address.href;

function show(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
  $('send').disabled = state !== 'open';
  $('connection').textContent = state === 'closed' ? 'Connect' : 'Disconnect';
}

function connect() {
  show('connecting', 'Connecting…');
  sent.length = 0;
  const opening = socket = new WebSocket(address);
  socket.addEventListener('open', () => show('open', 'Connected'));
  socket.addEventListener('message', event => received(event.data));
  socket.addEventListener('close', event => {
    if (socket === opening) {
      const reason = event.reason ? `: ${event.reason}` : '';
      show('closed', event.code === 1000 || event.code === 1005 ? 'Disconnected' : `Disconnected (${event.code}${reason})`);
    }
  });
}

function received(text) {
  const time = performance.now() - (sent.shift() ?? performance.now());
  times.push(time);
  if (times.length > longestLog) {
    times.shift();
  }

  const sorted = times.toSorted((a, b) => a - b);
  $('last').textContent = milliseconds(time);
  $('median').textContent = milliseconds(sorted[Math.floor(sorted.length / 2)]);
  $('count').textContent = ++count;

  const line = document.createElement('li');
  line.append(span('text', text), span('time', milliseconds(time)));
  $('log').prepend(line);
  while ($('log').childElementCount > longestLog) {
    $('log').lastElementChild.remove();
  }
}

function milliseconds(time) {
  return `${time.toFixed(time < 10 ? 2 : 0)} ms`;
}

function span(name, text) {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}

$('form').addEventListener('submit', event => {
  event.preventDefault();
  if (socket.readyState === WebSocket.OPEN && $('message').value) {
    sent.push(performance.now());
    socket.send($('message').value);
    $('message').select();
  }
});

$('connection').addEventListener('click', () => {
  if (socket.readyState > WebSocket.OPEN) {
    connect();
  } else {
    socket.close(1000);
  }
});

connect();
