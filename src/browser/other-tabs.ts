/** What tabs of one site tell each other. They never exchange tokens. */
export type TabMessage = 'signed-in' | 'signed-out'

/** The line to the other tabs of this site. */
export interface OtherTabs {
  tell(message: TabMessage): void
  close(): void
}

/** Opens the line to the other tabs of this site. */
export function connectTabs(onMessage: (message: TabMessage) => void): OtherTabs {
  const channel = new BroadcastChannel('express-jwt-bearer')
  channel.onmessage = ({ data }: { data: unknown }) => {
    if (data === 'signed-in' || data === 'signed-out') onMessage(data)
  }
  return {
    tell: (message) => {
      channel.postMessage(message)
    },
    close: () => {
      channel.close()
    },
  }
}
