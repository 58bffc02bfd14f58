package client

import "github.com/ghostlight-kt/ghostlight/keytrans"

// The deployment modes of a directory by name. They are stable.
const (
	ModeContactMonitoring    = "contact-monitoring"
	ModeThirdPartyManagement = "third-party-management"
	ModeThirdPartyAuditing   = "third-party-auditing"
)

var modeNames = map[keytrans.DeploymentMode]string{
	keytrans.ContactMonitoring:    ModeContactMonitoring,
	keytrans.ThirdPartyManagement: ModeThirdPartyManagement,
	keytrans.ThirdPartyAuditing:   ModeThirdPartyAuditing,
}

// Signers are who has to sign what a directory answers with.
type Signers struct {
	// Mode is the deployment mode.
	Mode string `json:"deployment_mode"`
	// SignatureKey verifies heads: the operator's key, or the manager's under
	// ThirdPartyManagement.
	SignatureKey []byte `json:"signature_public_key"`
	// LeafKey verifies values, under ThirdPartyManagement only. It is the operator's.
	LeafKey []byte `json:"leaf_public_key,omitempty"`
	// AuditorKey verifies the auditor's heads, under ThirdPartyAuditing only.
	AuditorKey []byte `json:"auditor_public_key,omitempty"`
}

func signersOf(c *keytrans.Configuration) Signers {
	return Signers{modeNames[c.Mode], c.SignaturePublicKey, c.LeafPublicKey, c.AuditorPublicKey}
}
