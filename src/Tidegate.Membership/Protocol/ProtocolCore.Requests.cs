namespace Tidegate.Membership.Protocol;

/// <summary>What the layers above ask for.</summary>
internal sealed partial class ProtocolCore
{
    /// <summary>Exchanges states with a member that is there; nothing where there is none of that name.</summary>
    internal void ExchangeWith(long now, string name)
    {
        Observe(now);
        if (!_leaving && _table.Find(name) is { IsSelf: false, IsAlive: true } record)
        {
            StartPushPull(record.Address, join: false, record);
        }
    }
}
