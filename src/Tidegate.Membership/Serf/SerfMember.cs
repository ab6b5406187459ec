using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>A member as Serf's layer knows it.</summary>
internal sealed class SerfMember
{
    private RawBytes _meta;

    internal SerfMember(SerfPeer peer)
    {
        Name = peer.Name;
        Status = SerfStatus.Alive;
        Take(peer);
    }

    internal string Name { get; }

    internal SerfStatus Status { get; set; }

    /// <summary>When an intent last changed the status, by the clock of members; 0 where none did yet.</summary>
    internal ulong StatusTime { get; set; }

    internal MemberAddress Address { get; private set; }

    internal RawBytes Versions { get; private set; }

    /// <summary>Its tags; none where its metadata cannot be read.</summary>
    internal IReadOnlyDictionary<string, string> Tags { get; private set; } = Serf.Tags.None;

    /// <summary>True where the metadata is not in any form that tags have.</summary>
    internal bool HasUnreadableTags { get; private set; }

    /// <summary>True where the member is to be forgotten as soon as it is down.</summary>
    internal bool Pruned { get; set; }

    /// <summary>Takes over what the core says. True where something that others see has changed.</summary>
    internal bool Take(SerfPeer peer)
    {
        bool changed = Address != peer.Address || _meta != peer.Meta || Versions != peer.Versions;
        Address = peer.Address;
        Versions = peer.Versions;
        if (_meta != peer.Meta)
        {
            _meta = peer.Meta;
            HasUnreadableTags = !Serf.Tags.TryRead(peer.Meta, out IReadOnlyDictionary<string, string> tags);
            Tags = tags;
        }

        return changed;
    }
}
