'use strict';

// A WebSocket server behind the gateway: says "port N", answers messages with themselves, closes with what "close CODE REASON" names, and
// says how each connection ended. Ends with its standard input.

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1', port: 0, maxPayload: 1 << 22, perMessageDeflate: process.argv.includes('--compress'),
});
server.on('listening', () => console.log(`port ${server.address().port}`));
server.on('connection', socket => {
  socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
  socket.on('message', (data, isBinary) => {
    const [, code, reason] = !isBinary && data.length < 200 && /^close (\d+) (.*)$/.exec(data.toString()) || [];
    if (code) {
      socket.close(Number(code), reason);
    } else {
      socket.send(data, { binary: isBinary });
    }
  });
});
process.stdin.on('end', () => process.exit(0)).resume();
