import type { Request, Response } from 'express'
import { authState, renderAuthState, renderJson } from 'express-jwt-bearer/session'
import { renderToString } from 'preact-render-to-string'
import type { PageData } from '../shared/models.js'
import { App, titleOf } from './pages/app.js'

// The data blocks are no scripts, so the policy needs neither a nonce nor 'unsafe-inline'.
const policy =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='14' fill='%23f59e0b'/%3E%3C/svg%3E"

/** Renders a page as the request's user, and puts in what the same component needs in the browser. */
export function sendPage(req: Request, res: Response, data: PageData): void {
  const state = authState(req)
  const html = renderToString(<App data={data} initial={state} client={undefined} />)
  res.set({
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  })
  res.type('html').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${titleOf(data)}</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/assets/styles.css">
<script type="module" src="/assets/browser.js"></script>
</head>
<body>
<div id="root">${html}</div>
${renderAuthState(state)}
${renderJson(data, 'page-data')}
</body>
</html>
`)
}
