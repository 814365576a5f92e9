/** What is said about an example that has started. */
export interface Announcement {
  /** Who can sign in, and how. */
  readonly users: string
  /** Requests to begin with: the status and what happens, and the words behind `curl -i`. */
  readonly tries: readonly (readonly [story: `${number}: ${string}`, words: string])[]
}

/** Prints who can sign in, requests to paste, and how to stop. */
export function announce({ users, tries }: Announcement): void {
  const lines = tries.map(([story, words]) => `# ${story}\ncurl -i ${words}`)
  console.log(`Users: ${users}\n\n${lines.join('\n\n')}\n\nStop with Ctrl+C.`)
}
