import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Is thrown when another process works on the folder. */
export class FolderInUseError extends Error {}

/**
 * Keeps a folder for this process: two embedded databases on the same files would overwrite each other.
 *
 * The lock is a local socket that this process listens on, so that one left behind by a crash is told from
 * one that is held.
 *
 * @returns Lets the folder go.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true })
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24)
  const path =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\accounts-${name}`
      : join(tmpdir(), `accounts-${name}.sock`)
  const server = (await holding(path)) ?? (await afterCrash(path))
  if (server === undefined) {
    throw new FolderInUseError(
      `Another process works on ${folder}. Stop it, set DATA_FOLDER to another folder, or DATABASE_URL to a PostgreSQL that processes can share.`,
    )
  }
  server.unref()
  return () => server.close()
}

async function holding(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  try {
    await once(server.listen(path), 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return undefined
  }
}

// Nobody answers a socket whose process has ended.
async function afterCrash(path: string): Promise<Server | undefined> {
  const isHeld = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => {
      resolve(false)
    })
  })
  if (isHeld) return undefined
  rmSync(path, { force: true })
  return holding(path)
}
