namespace Tidegate.Membership;

/// <summary>Whom a cluster is shared with. All members of one cluster must have the same.</summary>
public enum MemberMode
{
    /// <summary>Members and Serf agents: tags, user events, queries, key rotation, records.</summary>
    Serf,

    /// <summary>Other users of HashiCorp's memberlist library, such as Alertmanager: who is alive, and no more.</summary>
    Plain,
}
