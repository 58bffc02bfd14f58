package adversary

import "slices"

// Attacks is the table. Each part of it has lies of one kind.
var Attacks = slices.Concat(versionAttacks, forkAttacks, timeAttacks, proofAttacks, labelAttacks, updateAttacks, managerAttacks, auditorAttacks, auditAttacks, absenceAttacks)
