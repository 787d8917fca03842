// The deployment of fixture.py, as a test asks it for things: `await lab.plug({key: 'red', port: 'a'})`.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const FIXTURE = fileURLToPath(new URL('fixture.py', import.meta.url));

export class Lab {
  /** Starts the deployment; `about` has its addresses, key IDs, accounts and password. */
  static async start() {
    const lab = new Lab();
    lab.process = spawn('python3', [FIXTURE], {stdio: ['pipe', 'pipe', 'inherit']});
    lab.ended = new Promise((resolve) => lab.process.on('exit', resolve));
    lab.lines = createInterface({input: lab.process.stdout})[Symbol.asyncIterator]();
    lab.about = await lab.#answer();
    return lab;
  }

  /** The path of `node`, on the network. */
  url(node, path = '/') {
    return this.about.urls[node] + path;
  }

  async stop() {
    this.process.stdin.end();
    await this.ended;
  }

  async #answer() {
    const {value, done} = await this.lines.next();
    if (done) throw new Error('the deployment ended');
    return JSON.parse(value);
  }

  async ask(verb, order = {}) {
    this.process.stdin.write(`${JSON.stringify({do: verb, ...order})}\n`);
    const answer = await this.#answer();
    if (answer.error) throw new Error(`${verb}: ${answer.error}`);
    return answer.result;
  }
}

const VERBS = {
  plug: 'plug', pull: 'pull', request: 'request', requestAll: 'request_all', cli: 'cli', setAccount: 'set_account', issue: 'issue',
  package: 'package', order: 'order', requestKey: 'request_key', foreignRequestKey: 'foreign_request_key', enrol: 'enrol', cut: 'cut', heal: 'heal', kill: 'kill', restart: 'start', waitLinked: 'wait_linked',
};
for (const [name, verb] of Object.entries(VERBS)) {
  Lab.prototype[name] = function (order) {
    return this.ask(verb, order);
  };
}
