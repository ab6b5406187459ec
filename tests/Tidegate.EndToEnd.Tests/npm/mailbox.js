'use strict';

/** What has arrived and who waits for it. */
module.exports = class Mailbox {
  #arrived = [];
  #waiting = [];

  put(item) {
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting(item);
    } else {
      this.#arrived.push(item);
    }
  }

  take() {
    return this.#arrived.length > 0 ? Promise.resolve(this.#arrived.shift()) : new Promise(resolve => this.#waiting.push(resolve));
  }
};
