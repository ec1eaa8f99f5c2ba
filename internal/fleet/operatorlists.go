package fleet

// OperatorWorkspaceList is what the operator's list of Workspaces can be filtered and
// sorted by.
var OperatorWorkspaceList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "name", Kind: PrefixField},
		{Name: "type", Numbers: ids(WorkspaceTypes)},
		{Name: "status", Numbers: ids(WorkspaceStatuses)},
		{Name: "country", Kind: TextField, Values: countryCodes()},
		{Name: "parent", Nullable: true},
		{Name: "created", Kind: TimeField},
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     100,
	MaxPerPage:  1000,
}

// OperatorUserList is what the operator's list of users can be filtered and sorted by.
var OperatorUserList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "username", Kind: PrefixField},
		{Name: "name", Kind: PrefixField},
		{Name: "status", Numbers: ids(UserStatuses)},
		{Name: "default_workspace", Nullable: true},
		{Name: "created", Kind: TimeField},
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     100,
	MaxPerPage:  1000,
}
