'use strict';

// What every client has to get right, whoever wrote it:
//   node scenarios.js ws|websocket SCENARIO URL [ARGUMENT…]
// Ends with exit code 0, or says what was wrong.

const assert = require('node:assert/strict');
const [library, scenario, url, ...rest] = process.argv.slice(2);
const connect = require(`./client-${library}.js`);

// Around the borders of the three length forms of a frame, and what a message may be at most.
const sizes = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024];

function text(bytes) {
  return 'aé漢😀'.repeat(bytes / 10) + 'x'.repeat(bytes % 10);
}

function binary(bytes) {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}

async function echoes(client) {
  for (const size of sizes) {
    client.send(text(size));
    assert.ok(await client.message() === text(size), `text of ${size} bytes`);
    client.send(binary(size));
    const back = await client.message();
    assert.ok(Buffer.isBuffer(back) && back.equals(binary(size)), `binary of ${size} bytes`);
  }
}

const scenarios = {
  async echo() {
    const client = await connect(url);
    await echoes(client);
    assert.equal((await client.close(1000)).code, 1000);
  },

  async fragments() {
    const client = await connect(url, { fragmentSize: 7 });
    for (const size of [8, 1000, 20000]) {
      await client.sendFragmented(text(size));
      assert.ok(await client.message() === text(size), `text of ${size} bytes`);
      await client.sendFragmented(binary(size));
      assert.ok((await client.message()).equals(binary(size)), `binary of ${size} bytes`);
    }

    await client.close(1000);
  },

  async ping() {
    const client = await connect(url);
    for (const size of [0, 1, 125]) {
      assert.ok((await client.ping(binary(size))).equals(binary(size)), `ping of ${size} bytes`);
    }

    client.pong(binary(3));
    client.send('still here');
    assert.equal(await client.message(), 'still here');
    await client.close(1000);
  },

  async pinged() {
    const client = await connect(url);
    await client.pinged();
    await client.pinged();
    await client.pinged();
    client.send('still here');
    assert.equal(await client.message(), 'still here');
    await client.close(1000);
  },

  async 'close-here'() {
    const client = await connect(url);
    client.send('before');
    assert.equal(await client.message(), 'before');
    const { code } = await client.close(Number(rest[0]), rest[1]);
    assert.equal(code, Number(rest[0]));
  },

  async 'close-there'() {
    const client = await connect(url);
    client.send(`close ${rest[0]} ${rest[1]}`);
    assert.deepEqual(await client.closed(), { code: Number(rest[0]), reason: rest[1] });
  },

  async 'too-big'() {
    const client = await connect(url);
    client.send(binary(1024 * 1024 + 1));
    assert.equal((await client.closed()).code, 1009);
  },

  async subprotocol() {
    const client = await connect(url, { protocols: ['v9.chat', 'v1.chat', 'v2.chat'] });
    assert.equal(client.protocol, 'v2.chat');
    await client.close(1000);
    const other = await connect(url, { protocols: ['v1.chat'] });
    assert.equal(other.protocol, 'v1.chat');
    await other.close(1000);
  },

  async deflate() {
    const client = await connect(url, { compression: true });
    assert.equal(client.compresses, rest[0] === 'agreed');
    await echoes(client);
    await client.close(1000);
  },

  async many() {
    await Promise.all(Array.from({ length: 100 }, async (_, number) => {
      const client = await connect(url);
      for (let i = 0; i < 20; i++) {
        client.send(`${number}/${i}`);
        assert.equal(await client.message(), `${number}/${i}`);
      }

      await client.close(1000);
    }));
  },
};

scenarios[scenario]().then(() => process.exit(0), error => {
  console.error(error);
  process.exit(1);
});
