'use strict';

const { once } = require('node:events');
const { client: WebSocketClient } = require('websocket');
const Mailbox = require('./mailbox.js');

/** The npm package websocket. It does not compress. */
module.exports = async function connect(url, { protocols = [], fragmentSize = 1 << 22 } = {}) {
  const client = new WebSocketClient({
    maxReceivedFrameSize: 1 << 22, maxReceivedMessageSize: 1 << 22, fragmentationThreshold: fragmentSize, closeTimeout: 60_000,
  });
  client.connect(url, protocols);
  const [connection] = await Promise.race([once(client, 'connect'), once(client, 'connectFailed').then(([error]) => { throw error; })]);
  const messages = new Mailbox();
  const pings = new Mailbox();
  connection.on('message', message => messages.put(message.type === 'utf8' ? message.utf8Data : message.binaryData));
  connection.on('ping', (_, data) => pings.put(data));
  connection.on('error', () => {});
  const closed = new Promise(resolve => connection.on('close', (code, reason) => resolve({ code, reason })));
  const send = data => typeof data === 'string' ? connection.sendUTF(data) : connection.sendBytes(data);
  return {
    protocol: connection.protocol,
    compresses: connection.extensions.length > 0,
    send,
    message: () => messages.take(),
    // It cuts every message that is longer than the threshold.
    sendFragmented: async data => send(data),

    async ping(data) {
      connection.ping(data);
      return (await once(connection, 'pong'))[0];
    },

    pong: data => connection.pong(data),
    pinged: () => pings.take(),
    closed: () => closed,
    close(code, reason) {
      connection.close(code, reason);
      return closed;
    },
  };
};
