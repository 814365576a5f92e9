const messages = ['signed-in', 'signing-out', 'signed-out'] as const

/** What tabs of one site tell each other. They never exchange tokens. */
export type TabMessage = (typeof messages)[number]

/** The line to the other tabs of this site. */
export interface OtherTabs {
  tell(message: TabMessage): void
  close(): void
}

/** Opens the line to the other tabs of this site. */
export function connectTabs(onMessage: (message: TabMessage) => void): OtherTabs {
  const channel = new BroadcastChannel('express-jwt-bearer')
  channel.onmessage = ({ data }: { data: unknown }) => {
    const message = messages.find((known) => known === data)
    if (message !== undefined) onMessage(message)
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
