// A program that runs beside the tests. Keeps all that it prints.

import { spawn } from 'node:child_process';

const kStop = 5000; // ms for a process to end in good order

export class Program {
  stdout = '';
  stderr = '';
  #process;

  // `whole`: the command and its arguments; `shown`: what messages call it.
  constructor(whole, { shown = whole.join(' '), stdin = 'ignore', env = process.env } = {}) {
    this.command = shown;
    this.#process = spawn(whole[0], whole.slice(1), { stdio: [stdin, 'pipe', 'pipe'], env });
    this.#process.stdin?.on('error', () => {});
    this.#process.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exited = new Promise((resolve) => {
      this.#process.on('error', (error) => { this.stderr += error.message; resolve(-1); });
      this.#process.on('close', (code, signal) => resolve(code ?? signal));
    });
    this.exited.then((code) => { this.code = code; });
  }

  get pid() { return this.#process.pid; }

  get running() { return this.code === undefined; }

  // What it said, for the message of a test that fails.
  get said() {
    return `${this.command} (${this.running ? 'running' : `ended: ${this.code}`})\n${this.stdout}${this.stderr}`;
  }

  // Hands on what it prints from now on.
  onOutput(take) { this.#process.stdout.on('data', take); }

  // Types a line, where stdin is a pipe.
  type(line) { this.#process.stdin.write(`${line}\n`); }

  kill(signal = 'SIGTERM') {
    if (this.running) this.#process.kill(signal);
    return this.exited;
  }

  // SIGTERM, and SIGKILL if that is of no avail.
  async stop() {
    if (!this.running) return;
    const timer = setTimeout(() => this.kill('SIGKILL'), kStop);
    await this.kill('SIGTERM');
    clearTimeout(timer);
  }
}
