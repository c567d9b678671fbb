import type zh from './zh'

export default {
  'price.from': 'from {price}',
  'price.from_mark': 'up',
  'state.error': 'Could not load',
  'state.retry': 'Try again',
  'state.request_id': 'Request {id}',
  'state.loading': 'Loading',
  'offline.notice': 'You are offline. Waiting for the network',
  'offline.back': 'Back online',
  'problem.offline': 'No connection. Check the network and try again',
  'problem.unexpected': 'The service failed for the moment. Please try again',
  'problem.too_long': 'The server took too long to answer. Please try again',
  'locale.switch': 'Switch language',
} satisfies Record<keyof typeof zh, string>
