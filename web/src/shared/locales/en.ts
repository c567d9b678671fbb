import type zh from './zh'

export default {
  'price.from': 'from {price}',
  'price.from_mark': '+',
  'state.error': 'Could not load',
  'state.retry': 'Try again',
  'state.request_id': 'Request {id}',
  'offline.notice': 'You are offline. Waiting for the network',
  'problem.offline': 'No connection. Check the network and try again',
  'problem.unexpected': 'The service failed for the moment. Please try again',
  'problem.too_long': 'The server took too long to answer. Please try again',
  'locale.switch': 'Switch language',
} satisfies Record<keyof typeof zh, string>
