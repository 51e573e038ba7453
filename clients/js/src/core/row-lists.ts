import { changesChannel } from "./channel-names.js";
import type { Channel } from "./channel.js";
import { channelManager, type ChannelPriority } from "./channel-manager.js";
import type { RealtimeClient } from "./realtime-client.js";
import { perClient } from "./per-client.js";
import { RowList, type RowListOptions } from "./row-list.js";
import type { Row } from "./server-messages.js";

interface Entry {
  list: RowList;
  channel: Channel;
  users: number;
  endSync: () => void;
}

/** Row lists shared by channel name, table and filter: any number of components, one subscription and one load. */
export class RowLists {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly client: RealtimeClient) {}

  /** The options of the first user hold. Each acquire needs a release. */
  acquire<T extends Row>(
    channelName: string,
    options: RowListOptions<T>,
    priority?: ChannelPriority,
  ): { list: RowList<T>; release: () => void } {
    const { schema = "public", table, filter = "" } = options;
    const key = JSON.stringify([channelName, schema, table, filter]);
    // The key names the table, and whoever shares it says the same row type.
    const known = this.#entries.get(key);
    const entry = (known && this.#isManaged(known) ? known : undefined) ?? this.#create(key, channelName, options as unknown as RowListOptions<Row>, priority);
    entry.users += 1;
    let held = true;
    const release = (): void => {
      if (held) this.#drop(key, entry);
      held = false;
    };
    return { list: entry.list as unknown as RowList<T>, release };
  }

  #create(key: string, name: string, options: RowListOptions<Row>, priority?: ChannelPriority): Entry {
    const channel = channelManager(this.client).getOrCreateChannel(name, priority);
    const list = new RowList(channel, options);
    const wire = changesChannel(options.table, options.schema);
    const endSync = this.client.addSync(({ recovered, gap }) => {
      if (!recovered && (!gap?.channels || gap.channels.includes(wire))) return list.reload();
    });
    const entry = { list, channel, users: 0, endSync };
    this.#entries.set(key, entry);
    list.start();
    return entry;
  }

  /** False for a list whose channel was evicted: who comes later gets a living one. */
  #isManaged({ channel }: Entry): boolean {
    return channelManager(this.client)
      .store.getSnapshot()
      .some((managed) => managed.channel === channel);
  }

  #drop(key: string, entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.endSync();
    entry.list.stop();
    channelManager(this.client).releaseChannel(entry.channel);
  }
}

/** The client's shared row lists. */
export const rowLists = /* @__PURE__ */ perClient((client: RealtimeClient) => new RowLists(client));
