import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { RequestHandler } from 'express'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Bundles the page's script and styles once and serves them from memory. */
export async function serveAssets(): Promise<RequestHandler> {
  const { outputFiles } = await build({
    entryPoints: [here('browser.tsx'), here('styles.css')],
    outdir: '/assets',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  })
  const assets = new Map(
    outputFiles.map(({ path, contents }) => [
      path.slice(path.lastIndexOf('/assets/')),
      { body: Buffer.from(contents), tag: createHash('sha256').update(contents).digest('hex') },
    ]),
  )

  return (req, res, next) => {
    const asset = assets.get(req.path)
    if (asset === undefined) {
      next()
      return
    }
    res.set({ 'Cache-Control': 'no-cache', ETag: `"${asset.tag.slice(0, 16)}"` })
    res.type(req.path.endsWith('.js') ? 'js' : 'css').send(asset.body)
  }
}
