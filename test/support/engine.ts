import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from './loopback.js'

/** A real database server, started by a test and gone with it. */
export interface Engine {
  readonly url: string
  readonly port: number
  /** Ends it as `kill -9` does: nothing is written any more. */
  kill(): Promise<void>
  /** Starts it again on the same port with the same data, whether it runs or not. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

interface Program {
  readonly command: string
  readonly args: (port: number) => string[]
  readonly options?: SpawnOptions
  readonly folder: string
  readonly port?: number | undefined
  readonly url: (port: number) => string
  readonly answers: (port: number) => Promise<boolean>
}

const startTimeout = 20_000

/** Starts a server on a free port of the loopback and waits until it answers. */
export async function startEngine(program: Program): Promise<Engine> {
  const port = program.port ?? (await freePort())
  let server: ChildProcess | undefined
  const removeData = () => {
    rmSync(program.folder, { recursive: true, force: true, maxRetries: 5 })
  }
  // A test run that is aborted does not come to its `stop()`.
  const onExit = () => {
    server?.kill('SIGKILL')
    removeData()
  }
  process.on('exit', onExit)

  async function stop() {
    // PostgreSQL lets its clients leave at SIGTERM and throws them out at SIGINT.
    if (server) await Promise.race([end(server, 'SIGTERM'), wait(2000)])
    if (server) await end(server, 'SIGINT')
    process.off('exit', onExit)
    removeData()
  }
  async function start() {
    const deadline = Date.now() + startTimeout
    // After kill -9, what still ends of a server may refuse its successor for a moment.
    for (;;) {
      const said = launch(program, port)
      server = said.child
      if (await comesUp(program, port, server, deadline)) return
      if (Date.now() < deadline) continue
      await stop()
      throw new Error(`${program.command} did not start:\n${said.output()}`)
    }
  }

  await start()
  return {
    url: program.url(port),
    port,
    kill: async () => {
      if (server) await end(server, 'SIGKILL')
    },
    restart: async () => {
      if (server) await end(server, 'SIGINT')
      await start()
    },
    stop,
  }
}

function launch({ command, args, options, folder }: Program, port: number) {
  const child = spawn(command, args(port), {
    cwd: folder,
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const listen = (words: string) => (output = (output + words).slice(-2000))
  child.stdout?.setEncoding('utf8').on('data', listen)
  child.stderr?.setEncoding('utf8').on('data', listen)
  child.on('error', (error) => listen(error.message))
  return { child, output: () => output }
}

async function comesUp(
  program: Program,
  port: number,
  server: ChildProcess,
  deadline: number,
): Promise<boolean> {
  while (!hasEnded(server) && Date.now() < deadline) {
    if (await program.answers(port).catch(() => false)) return true
    await wait(50)
  }
  await wait(200)
  return false
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

/** Sends one line to a port and resolves to the first piece of the answer. */
export async function askPort(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.end(line)
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(1000) })) as [Buffer]
    return answer.toString()
  } finally {
    socket.destroy()
  }
}
