using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>One message of each kind with every field filled.</summary>
internal static class SampleMessages
{
    private static readonly MessageSource Source = new(Raw("00000000000000000000ffff0a000001"), 7946, "gateway-1:7946");

    internal static PingMessage Ping { get; } = new(70_000, "gateway-2:7946", Source);

    internal static IndirectPingMessage IndirectPing { get; } = new(300, Raw("0a000003"), 7946, "gateway-3:7946", true, Source);

    internal static AckMessage Ack { get; } = new(70_000, Raw("54 0011223344556677"));

    internal static NackMessage Nack { get; } = new(200);

    internal static SuspectMessage Suspect { get; } = new(1_700_000_000, "gateway-3:7946", "gateway-1:7946");

    internal static DeadMessage Dead { get; } = new(9, "gateway-3:7946", "gateway-3:7946");

    internal static AliveMessage Alive { get; } =
        new(40_000, "gateway-1:7946", Raw("0a000001"), 7946, Raw("ff 82 a4'role'a7'gateway' a2'tg'a1'1'"), Raw("010502020505"));

    /// <summary>Their bodies, without the type bytes.</summary>
    internal static byte[][] Bodies { get; } =
    [
        Written(Ping)[1..], Written(IndirectPing)[1..], Written(Ack)[1..], Written(Nack)[1..],
        Written(Suspect)[1..], Written(Dead)[1..], Written(Alive)[1..],
    ];
}
