import { ViewerLink } from "/web/player/viewer-link.js";
import { equal, ok } from "./check.js";

/** Sockets that open when told, and pauses that are over at once; gives back what it replaced. */
class Stage {
  sockets = [];
  pauses = [];
  #real = { WebSocket, setTimeout, random: Math.random };

  constructor({ random }) {
    const stage = this;
    globalThis.WebSocket = class {
      static OPEN = 1;
      readyState = 0;
      sent = [];
      constructor(url) {
        this.url = String(url);
        stage.sockets.push(this);
      }
      open() {
        this.readyState = 1;
        this.onopen();
      }
      send(text) {
        this.sent.push(JSON.parse(text));
      }
      close() {
        this.readyState = 3;
      }
    };
    Math.random = random;
    // The link's own deadlines are never due here.
    globalThis.setTimeout = (work, ms) => {
      if (ms >= 1000) return 0;
      this.pauses.push(ms);
      return this.#real.setTimeout.call(globalThis, work);
    };
  }

  async settle() {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => this.#real.setTimeout.call(globalThis, resolve));
  }

  restore() {
    globalThis.WebSocket = this.#real.WebSocket;
    globalThis.setTimeout = this.#real.setTimeout;
    Math.random = this.#real.random;
  }
}

const silent = { opened() {}, text() {}, binary() {}, closed() {}, refused() {} };

async function pauseAfter(code, chance) {
  const stage = new Stage({ random: () => chance });
  const link = new ViewerLink(() => "ws://server.test/", new URL("http://server.test/"), silent);
  try {
    await stage.settle();
    stage.sockets[0].open();
    stage.sockets[0].onclose({ code });
    await stage.settle();
    equal(stage.sockets.length, 2, "it did not come back:");
    return stage.pauses;
  } finally {
    link.close();
    stage.restore();
  }
}

export async function viewersOfAProcessThatStopsComeBackOneAfterTheOther() {
  equal([await pauseAfter(1012, 0), await pauseAfter(1012, 0.5), await pauseAfter(1012, 0.999)], [[0], [200], [399.6]]);
}

export async function viewerIsBackSoonAfterAnyOtherEnd() {
  const [pause] = await pauseAfter(1006, 0.999);
  ok(pause <= 150, `waited ${pause} ms`);
}

export async function addressIsAskedForEachTime() {
  const stage = new Stage({ random: () => 0 });
  let tries = 0;
  const link = new ViewerLink(() => `ws://server.test/?try=${(tries += 1)}`, new URL("http://server.test/"), silent);
  try {
    await stage.settle();
    equal(link.send({ type: "view", view: "tile" }), false, "not open yet:");
    stage.sockets[0].open();
    equal(link.send({ type: "view", view: "tile" }), true);
    stage.sockets[0].onclose({ code: 1012 });
    await stage.settle();
    equal(stage.sockets.map((socket) => socket.url), ["ws://server.test/?try=1", "ws://server.test/?try=2"]);
    equal(stage.sockets[0].sent, [{ type: "view", view: "tile" }]);
  } finally {
    link.close();
    stage.restore();
  }
}

export async function streamFlowsAfterSomeMessagesInARow() {
  const stage = new Stage({ random: () => 0 });
  const link = new ViewerLink(() => "ws://server.test/", new URL("http://server.test/"), silent);
  try {
    await stage.settle();
    stage.sockets[0].open();
    equal(link.hasFlowed, false);
    for (let n = 0; n < 11; n += 1) stage.sockets[0].onmessage({ data: new ArrayBuffer(8) });
    equal(link.hasFlowed, true);
    link.renew();
    await stage.settle();
    equal(stage.sockets.length, 2, "it did not connect anew:");
    equal(link.hasFlowed, false, "a new connection:");
  } finally {
    link.close();
    stage.restore();
  }
}
