package kit

// Ferry is a small world with everything that a migration can meet: three enterprise
// Workspaces, one in Brazil, one suspended, one reseller; an Administrator of most, an
// Administrator of one, an Observer, a User, a stranger; SIMs in every status, one in a
// device. All users have Password.
const Ferry = `
workspaces:
  - {id: 1, name: Issuer, type: mno, country: DE}
  - {id: 100, name: Fleet DE, type: enterprise, country: DE, parent: 1}
  - {id: 200, name: Fleet FR, type: enterprise, country: FR, parent: 1}
  - {id: 300, name: Fleet US, type: enterprise, country: US, parent: 1}
  - {id: 400, name: Frota BR, type: enterprise, country: BR, parent: 1}
  - {id: 500, name: Shut, type: enterprise, country: DE, status: suspended, parent: 1}
  - {id: 600, name: Resale, type: reseller, country: DE, parent: 1}
  - {id: 900, name: Elsewhere, type: enterprise, country: DE}
users:
  - {id: 1, username: admin@example.com, name: Fleet admin, password: correct horse, default_workspace: 100, roles: {100: administrator, 200: administrator, 300: administrator, 400: administrator, 500: administrator, 600: administrator}}
  - {id: 2, username: target@example.com, name: Admin of the target only, password: correct horse, default_workspace: 200, roles: {100: observer, 200: administrator}}
  - {id: 3, username: observer@example.com, name: Observer, password: correct horse, default_workspace: 100, roles: {100: observer}}
  - {id: 4, username: user@example.com, name: User, password: correct horse, default_workspace: 100, roles: {100: user, 200: user}}
  - {id: 5, username: stranger@example.com, name: Stranger, password: correct horse, default_workspace: 900, roles: {900: administrator}}
  - {id: 6, username: suspended@example.com, name: Suspended, password: correct horse, status: suspended, default_workspace: 100, roles: {100: administrator}}
  - {id: 7, username: issuer@example.com, name: Issuer admin, password: correct horse, default_workspace: 1, roles: {1: administrator}}
  - {id: 8, username: root@example.com, name: Operator, password: correct horse, default_workspace: 100, superadmin: true, roles: {100: administrator}}
devices:
  - {id: 9001, workspace: 100, name: tracker-7, status: enabled}
  - {id: 9002, workspace: 100, name: tracker-8, status: enabled}
sims:
  - {id: 250, iccid: "8988303000000000250", workspace: 100, issuer: 1, status: activated, imsi: "295050000000250", msisdn: "423660000000250", device: 9001}
  - {id: 251, iccid: "8988303000000000251", workspace: 100, issuer: 1, status: activated, imsi: "295050000000251", msisdn: "423660000000251"}
  - {id: 252, iccid: "8988303000000000252", workspace: 100, issuer: 1, status: issued, imsi: "295050000000252", msisdn: "423660000000252"}
  - {id: 253, iccid: "8988303000000000253", workspace: 100, issuer: 1, status: suspended, imsi: "295050000000253", msisdn: "423660000000253"}
  - {id: 254, iccid: "8988303000000000254", workspace: 100, issuer: 1, status: factory_test, imsi: "295050000000254", msisdn: "423660000000254"}
  - {id: 255, iccid: "8988303000000000255", workspace: 100, issuer: 1, status: deleted, imsi: "295050000000255", msisdn: "423660000000255"}
  - {id: 260, iccid: "8988303000000000260", workspace: 200, issuer: 1, status: activated, imsi: "295050000000260", msisdn: "423660000000260"}
  - {id: 270, iccid: "8988303000000000270", workspace: 300, issuer: 1, status: issued, imsi: "295050000000270", msisdn: "423660000000270"}
  - {id: 280, iccid: "8988303000000000280", workspace: 400, issuer: 1, status: issued, imsi: "295050000000280", msisdn: "423660000000280"}
  - {id: 290, iccid: "8988303000000000256", workspace: 900, status: issued, imsi: "295050000000290", msisdn: "423660000000290"}
sim_ranges:
  - {first_id: 1000, first_iccid: "8988303000000001000", count: 600, workspace: 100, issuer: 1, status: issued}
profiles:
  - {id: 1, workspace: 100, kind: service, name: Default}
  - {id: 1, workspace: 100, kind: tariff, name: Default}
`
