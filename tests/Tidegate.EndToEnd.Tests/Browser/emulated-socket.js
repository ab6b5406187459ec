'use strict';

// A client of emulated WebSockets in a page of another origin than the gateway's, written from docs/spec/clients.md, sections 3 and 4:
// it goes by way of the gateway's bridge page as the published library does, and sends what that sends.

const reconnect = [0x01, 0x30, 0x31, 0xff];
const close = [0x01, 0x30, 0x32, 0xff];
const overlapAt = 512 * 1024;

const hex = (number, width) => number.toString(16).padStart(width, '0');
const counted = (text, width) => hex(text.length, width) + text;

/** The gateway's bridge page in a hidden frame. */
class Bridge {
    constructor(origin) {
        this.origin = origin;
        this.handlers = new Map();
        this.frame = document.createElement('iframe');
        this.frame.style.visibility = 'hidden';
        this.frame.src = `${origin}/?.kr=xs`;
    }

    /** Resolves when the frame says that it listens. */
    open() {
        return new Promise(resolve => {
            addEventListener('message', event => {
                if (event.source !== this.frame.contentWindow || event.origin !== this.origin) {
                    return;
                }
                if (event.data === 'I') {
                    resolve(this);
                    return;
                }
                this.handlers.get(event.data.slice(1, 9))?.(event.data);
            });
            document.body.appendChild(this.frame);
        });
    }

    /** Makes a request. Resolves at its end; pieces of the body are told before that. */
    request(method, url, headers = {}, body = '', onPiece = () => {}) {
        const id = hex(this.handlers.size, 8);
        const answer = { status: 0, headers: {}, text: '' };
        return new Promise((resolve, reject) => {
            this.handlers.set(id, message => {
                let rest = message.slice(9);
                const take = count => {
                    const taken = rest.slice(0, count);
                    rest = rest.slice(count);
                    return taken;
                };
                const number = width => parseInt(take(width), 16);
                switch (message[0]) {
                    case 'r':
                        for (let count = number(2); count > 0; count--) {
                            const name = take(number(4));
                            answer.headers[name] = take(number(4));
                        }
                        answer.status = number(4);
                        answer.reason = take(number(2));
                        break;
                    case 'p': {
                        const state = take(1);
                        const piece = take(number(8));
                        answer.text += piece;
                        onPiece(piece, answer);
                        if (state === '4') {
                            resolve(answer);
                        }
                        break;
                    }
                    default:
                        reject(new Error(`${message[0]} for ${method} ${url}`));
                }
            });
            const pairs = Object.entries(headers);
            const written = pairs.map(([name, value]) => counted(name, 4) + counted(value, 4)).join('');
            this.frame.contentWindow.postMessage(
                `s${id}${counted(method, 1)}${counted(url, 4)}${hex(pairs.length, 4)}${written}${counted(body, 8)}${hex(0, 4)}t`, this.origin);
        });
    }
}

class EmulatedSocket {
    constructor(bridge, counts) {
        this.bridge = bridge;
        this.counts = counts;
        this.upstreams = 0;
        this.downstreams = 0;
        this.responses = [];
        this.waiting = [];
        this.received = [];
        this.bytes = [];
        this.ended = new Promise((resolve, reject) => Object.assign(this, { end: resolve, fail: reject }));
        this.begun = new Promise(resolve => Object.assign(this, { begin: resolve }));
        this.longPolls = false;
    }

    /** Opens a session. With counts, requests have numbers, as the newer of the two builds sends them. */
    static async open(bridge, url, counts) {
        const socket = new EmulatedSocket(bridge, counts);
        const headers = { 'X-WebSocket-Version': 'wseb-1.0', 'X-Accept-Commands': 'ping', 'Content-Type': 'text/plain; charset=utf-8' };
        if (counts) {
            Object.assign(headers, { 'X-Sequence-No': '0', 'X-WebSocket-Extensions': 'x-kaazing-idle-timeout' });
        }
        let answer = await bridge.request('GET', `${url}/;e/ctm?.kn=${String(Math.random()).slice(2)}`, headers);
        if (answer.status === 302) {
            // The members of a cluster have an origin, and so a bridge page, of their own.
            socket.bridge = await new Bridge(new URL(answer.headers.Location).origin).open();
            answer = await socket.bridge.request('GET', answer.headers.Location, headers);
        }
        if (answer.status !== 201) {
            throw new Error(`${answer.status} ${answer.reason}`);
        }
        const [up, down] = answer.text.split('\n');
        socket.up = socket.bridge.origin + new URL(up).pathname;
        socket.down = down;
        socket.fetchNext();
        return socket;
    }

    /** Sends a string or bytes. */
    send(data) {
        const isText = typeof data === 'string';
        const bytes = isText ? cesu8(data) : [...data];
        const length = [bytes.length & 0x7f];
        for (let rest = bytes.length >>> 7; rest > 0; rest >>>= 7) {
            length.unshift(0x80 | (rest & 0x7f));
        }
        this.post([isText ? 0x81 : 0x80, ...length], bytes);
    }

    close() {
        this.post(close);
        return this.ended;
    }

    /** The next message. */
    receive() {
        return Promise.race([
            new Promise(resolve => {
                this.waiting.push(resolve);
                this.deliver();
            }),
            this.ended.then(() => Promise.reject(new Error('closed'))),
        ]);
    }

    /** As if something on the way held responses back: from here on each one ends with what it brings. */
    async detectProxy() {
        await this.begun;
        this.longPolls = true;
        this.fetchNext();
    }

    post(...frames) {
        this.queue = [...this.queue ?? [], ...frames];
        if (!this.isPosting) {
            this.isPosting = true;
            this.postQueue().catch(this.fail);
        }
    }

    /** One request at a time, with whatever has come together by then. */
    async postQueue() {
        while (this.queue.length > 0) {
            const frames = [...this.queue, reconnect];
            this.queue = [];
            const body = frames.map(bytes => bytes.map(byte => String.fromCharCode(byte === 0 ? 0x100 : byte)).join('')).join('');
            const headers = { 'Content-Type': 'text/plain; charset=UTF-8' };
            if (this.counts) {
                headers['X-Sequence-No'] = String(++this.upstreams);
            }
            const answer = await this.bridge.request('POST', `${this.up}&.krn=${Math.random()}`, headers, body);
            if (answer.status !== 200 || answer.text !== '') {
                throw new Error(`sending: ${answer.status} ${answer.text}`);
            }
        }
        this.isPosting = false;
    }

    fetchNext() {
        const response = { text: '', length: 0, at: 0 };
        this.responses.push(response);
        const poll = this.longPolls ? '.ki=p&' : '';
        const number = this.counts ? `.ksn=${++this.downstreams}&` : '';
        const query = `${poll}${number}.kc=text/plain;charset=windows-1252&.kb=4096&.kid=${String(Math.random()).slice(2)}`;
        this.bridge.request('GET', `${this.down}?${query}`, {}, '', (piece, answer) => {
            if (answer.status !== 200 || answer.headers['X-Idle-Timeout'] !== '60') {
                // Of no interest where the session ends by the one before.
                response.fault = `fetching: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.text}`;
                return;
            }
            this.begin();
            response.text += piece;
            response.length += piece.length;
            this.read();
        }).then(() => {
            response.isOver = true;
            this.read();
        }, error => {
            response.fault = error.message;
            this.read();
        });
    }

    /** Reads what has come, and what comes on a later response only when the one before is over. */
    read() {
        while (this.responses.length > 0) {
            const current = this.responses[0];
            if (current.fault) {
                this.fail(new Error(current.fault));
                return;
            }
            for (const character of current.text) {
                this.bytes.push(byteOf.get(character));
            }
            current.text = '';
            this.parse(current);
            if (!this.longPolls && current.length >= overlapAt && this.responses.length === 1 && !current.isOver) {
                this.overlaps = (this.overlaps ?? 0) + 1;
                this.fetchNext();
            }
            if (!current.isOver) {
                return;
            }
            this.responses.shift();
            if (!current.reconnects || this.bytes.length > 0) {
                this.fail(new Error('a response ended without saying so'));
                return;
            }
            if (this.isClosed) {
                this.end();
                return;
            }
            if (this.responses.length === 0) {
                this.fetchNext();
            }
        }
    }

    parse(current) {
        let at = 0;
        for (;;) {
            const frame = frameAt(this.bytes, at);
            if (!frame) {
                break;
            }
            at = frame.end;
            switch (frame.type) {
                case 0x01:
                    current.reconnects ||= frame.command === '01';
                    this.isClosed ||= frame.command === '02';
                    break;
                case 0x80:
                    this.received.push(new Uint8Array(frame.payload));
                    break;
                case 0x81:
                    this.received.push(new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(frame.payload)));
                    break;
                case 0x89:
                    this.post([0x8a, 0x00]);
                    break;
                default:
                    this.fail(new Error(`a frame of type ${frame.type}`));
                    return;
            }
        }
        this.bytes.splice(0, at);
        this.deliver();
    }

    deliver() {
        while (this.waiting.length > 0 && this.received.length > 0) {
            this.waiting.shift()(this.received.shift());
        }
    }
}

/** What a browser makes of bytes that are said to be windows-1252, the other way round. */
const byteOf = new Map([...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, i) => i))].map((character, i) => [character, i]));

/** A frame that is there as a whole, or undefined. */
function frameAt(bytes, at) {
    const type = bytes[at++];
    if (type === 0x01) {
        return at + 2 < bytes.length ? { type, command: String.fromCharCode(bytes[at], bytes[at + 1]), end: at + 3 } : undefined;
    }
    let length = 0;
    let more = 0x80;
    while (more) {
        if (at >= bytes.length) {
            return undefined;
        }
        length = length * 128 + (bytes[at] & 0x7f);
        more = bytes[at++] & 0x80;
    }
    return at + length <= bytes.length ? { type, payload: bytes.slice(at, at + length), end: at + length } : undefined;
}

/** UTF-8 in which each half of a surrogate pair has three bytes of its own. */
function cesu8(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit < 0x80) {
            bytes.push(unit);
        } else if (unit < 0x800) {
            bytes.push(0xc0 | unit >> 6, 0x80 | unit & 0x3f);
        } else {
            bytes.push(0xe0 | unit >> 12, 0x80 | unit >> 6 & 0x3f, 0x80 | unit & 0x3f);
        }
    }
    return bytes;
}

/** A conversation with an echo, from the first message to the close. Returns what was different, or how it went. */
async function converse(origin, path, counts, longPolls) {
    const socket = await EmulatedSocket.open(await new Bridge(origin).open(), origin + path, counts);
    if (longPolls) {
        await socket.detectProxy();
    }
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const long = Uint8Array.from({ length: 300000 }, (_, i) => i * 31 >> 3);
    const messages = ['hello', 'gr\u00fc\u00dfe \u0000 \u20ac \ud83d\ude00', every, 'x'.repeat(200000), long, long, long, 'last'];
    for (const message of messages) {
        socket.send(message);
    }
    for (const message of messages) {
        const received = await socket.receive();
        const isSame = typeof message === 'string' ? received === message : received.length === message.length && message.every((byte, i) => byte === received[i]);
        if (!isSame) {
            return `${message.length} became ${received.length}`;
        }
    }
    await socket.close();
    return `the same, closed${socket.overlaps ? ', overlapping' : ''}`;
}
