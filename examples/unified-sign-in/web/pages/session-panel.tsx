import type { AppUser, AuthClient } from 'express-jwt-bearer/browser'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { SessionFacts } from '../../shared/models.js'
import { nameOf } from './site-header.js'
import { useSession } from './use-session.js'

interface SessionPanelProps {
  readonly user: AppUser
  readonly initial: SessionFacts
  readonly client: AuthClient | undefined
}

/** What a sign-in consists of, and how it is kept fresh: what is in the cookie, in the store and in the page. */
export function SessionPanel({ user, initial, client }: SessionPanelProps): JSX.Element {
  const { facts, secondsLeft, status, ask } = useSession(initial, client)
  const seen = useSeenByScripts(client)
  const { cookie, access, refresh } = facts

  return (
    <section aria-labelledby="session-title">
      <div class="title">
        <h2 id="session-title">Your sign-in</h2>
        <button type="button" class="quiet" onClick={() => void ask()}>
          Ask now
        </button>
      </div>
      <p class="status" role="status">
        {status}
      </p>
      <div class="card countdown">
        <p>
          <strong>{secondsLeft}</strong> {secondsLeft === 1 ? 'second' : 'seconds'} left of the
          access token
        </p>
        <progress max={facts.lifetime} value={secondsLeft} aria-label="Seconds left" />
        <dl>
          <Fact name="Signed in at">{facts.signedInAt}</Fact>
          <Fact name="Refreshed at">{facts.refreshedAt ?? 'not yet'}</Fact>
          <Fact name="Good until">{access.until}</Fact>
        </dl>
        <p class="hint">
          The server gets a new token for the first request in the last fifth of this one’s time, a
          minute at most. This page asks when the time is up.
        </p>
      </div>
      <div class="places">
        <Place title="In the cookie">
          <Fact name="Name">
            <code>{cookie.name}</code>
          </Fact>
          <Fact name="Value">
            <code>{cookie.begins}…</code>, a random id
          </Fact>
          <Fact name="What scripts see of it">{seen.cookie}</Fact>
        </Place>
        <Place title="In the store, on the server">
          <Fact name="Access token">
            hash <code>{access.hash}…</code>
          </Fact>
          <Fact name="Refresh token">
            hash <code>{refresh.hash}…</code>
          </Fact>
          <Fact name="Found by">a hash of the id in the cookie</Fact>
        </Place>
        <Place title="In this page">
          <Fact name="Who you are">
            {nameOf(user)}, {user.email}
          </Fact>
          <Fact name="Roles">{user.roles.join(', ') || 'none'}</Fact>
          <Fact name="Tokens">{seen.tokens}</Fact>
        </Place>
      </div>
    </section>
  )
}

function Place(props: { readonly title: string; readonly children: JSX.Element[] }): JSX.Element {
  return (
    <div class="card">
      <h3>{props.title}</h3>
      <dl>{props.children}</dl>
    </div>
  )
}

function Fact(props: {
  readonly name: string
  readonly children: JSX.Element | string | readonly (JSX.Element | string | undefined)[]
}): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}

/** Looks for what a script of this page could take, an injected one as well. */
function useSeenByScripts(client: AuthClient | undefined): { cookie: string; tokens: string } {
  const [seen, setSeen] = useState({ cookie: 'nothing', tokens: 'none' })
  useEffect(() => {
    void client?.tokenStore.get().then((tokens) => {
      setSeen({
        cookie: document.cookie === '' ? 'nothing' : 'its value',
        tokens: tokens === undefined ? 'none' : 'an access token, in memory',
      })
    })
  }, [client])
  return seen
}
