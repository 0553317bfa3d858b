/** @module The clients of an instance, with the settings that the pages ask for. */
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

const soon = { retryStrategy: () => 50, enableAutoPipelining: true }
const failing = { ...soon, maxRetriesPerRequest: 0, socketTimeout: 1000, disconnectTimeout: 200 }

const openers = {
  'ioredis single': ({ nodes: [node], user }) => new Redis({ ...node, ...failing, ...user }),
  'ioredis sentinel': ({ nodes, masterName, user }) =>
    new Redis({
      sentinels: nodes,
      name: masterName,
      failoverDetector: true,
      sentinelRetryStrategy: () => 50,
      ...failing,
      ...user,
    }),
  'ioredis cluster': ({ nodes, map, user }) =>
    new Cluster(nodes, {
      enableAutoPipelining: true,
      clusterRetryStrategy: () => 50,
      slotsRefreshInterval: 250,
      natMap: map,
      redisOptions: { ...user },
    }),
  'node-redis single': ({ nodes: [node], user }) =>
    createClient({ socket: { ...node, reconnectStrategy: 50 }, ...user }),
  'node-redis cluster': ({ nodes, map, user }) =>
    createCluster({
      rootNodes: nodes.map((socket) => ({ socket })),
      defaults: { socket: { reconnectStrategy: 50 }, ...user },
      nodeAddressMap: map,
    }),
}

/** The client of these settings; one of node-redis is connected. */
export async function openClient(settings) {
  const client = openers[`${settings.client} ${settings.topology}`](settings)
  client.on('error', () => undefined)
  if (settings.client === 'node-redis') await client.connect()
  return client
}
