/** A roster to try, of people who are hardly in the directory: then it finds ghosts. */
export function sampleRoster(now: number): string {
  const daysAgo = (days: number) => new Date(now - days * 86_400_000).toISOString().replace(/\.\d+/, "");
  const device = (letter: string, name: string) => ({
    format: "X25519",
    key: `${letter.repeat(42)}A=`,
    name,
  });
  const roster = {
    schema: "ghostlight/roster/v1",
    conversation: "A sample",
    me: "alice@example.org",
    started: daysAgo(30),
    members: [
      {
        label: "bob@example.org",
        first_seen: daysAgo(30),
        devices: [device("Q", "phone"), device("g", "laptop")],
      },
      { label: "somebody-else@example.org", first_seen: daysAgo(2), devices: [device("w", "tablet")] },
    ],
  };
  return JSON.stringify(roster, undefined, 2);
}
