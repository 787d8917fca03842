// A deployment with something to see in every view.

const usage = (object, unit, quantity) => ({ usage: [{ object, unit, quantity }], ttl_s: 3600 });

/** A key, a second one that does not belong there, a module, consumers, an identity. */
export async function furnish(lab) {
  await lab.plug({ key: 'red', port: 'a' });
  await lab.plug({ key: 'green', port: 'b' });
  const ask = (method, path, body) => lab.request({ node: 'a', method, path, body });
  while (!(await ask('GET', '/v1/status')).usable) await new Promise((resolve) => setTimeout(resolve, 20));
  await lab.cli({ node: 'a', arguments: ['license', 'install', await lab.issue({ name: 'F-module', entries: ['disaster-recovery:vm:200:module'] })] });
  await ask('PUT', '/v1/consumers/vm-1/usage', usage('kvm', 'cpu-socket', 4));
  await ask('PUT', '/v1/consumers/vm-7/usage', usage('kvm', 'cpu-socket', 2));
  await ask('PUT', '/v1/consumers/backup-site-1/usage', usage('disaster-recovery', 'vm', 120));
  await lab.enrol({ role: 'consumer' });
}

const THERE = { license: 'F-module', consumers: 'vm-1', records: 'vm-1|the-consumer', trust: 'the-consumer', alerts: 'key-abnormal' };

/** Waits until the view shows what it fetched. */
export async function settle({ page }, view) {
  await page.waitForFunction((there) => new RegExp(there).test(document.querySelector('main').innerText), THERE[view]);
}
