'use strict';

const { once } = require('node:events');
const { WebSocket } = require('ws');
const Mailbox = require('./mailbox.js');

/** The npm package ws. */
module.exports = async function connect(url, { protocols = [], compression = false, fragmentSize } = {}) {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: compression });
  const messages = new Mailbox();
  const pings = new Mailbox();
  socket.on('message', (data, isBinary) => messages.put(isBinary ? data : data.toString()));
  socket.on('ping', data => pings.put(data));
  const closed = new Promise(resolve => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  await once(socket, 'open');
  return {
    protocol: socket.protocol,
    compresses: socket.extensions.includes('permessage-deflate'),
    send: data => socket.send(data),
    message: () => messages.take(),

    /** Sends it in pieces that cut characters apart, with a ping between any two. */
    async sendFragmented(data) {
      const whole = Buffer.from(data);
      const size = Math.max(fragmentSize, Math.ceil(whole.length / 50));
      for (let start = 0; start < whole.length; start += size) {
        const end = start + size;
        socket.send(whole.subarray(start, end), { binary: typeof data !== 'string', fin: end >= whole.length });
        const answer = once(socket, 'pong');
        socket.ping();
        await answer;
      }
    },

    async ping(data) {
      socket.ping(data);
      return (await once(socket, 'pong'))[0];
    },

    pong: data => socket.pong(data),
    pinged: () => pings.take(),
    closed: () => closed,
    close(code, reason) {
      socket.close(code, reason);
      return closed;
    },
  };
};
