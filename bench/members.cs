#:project ../src/Tidegate.Membership/Tidegate.Membership.csproj
#:property PublishAot=false
// The others of a large cluster, all in this process, each with sockets of its own: bench/members --rest starts them.
//
//   dotnet run -c Release bench/members.cs -- MEMBERS SEED-ADDRESS:PORT KEY
//
// Says "ready" when everyone sees everyone, the seed included, and ends with its standard input.
using System.Globalization;
using System.Net;
using Tidegate.Membership;

int count = int.Parse(args[0], CultureInfo.InvariantCulture);
IPEndPoint seed = IPEndPoint.Parse(args[1]);
List<Member> members = [];
for (int i = 0; i < count; i++)
{
    members.Add(await Member.StartAsync(new MemberOptions
    {
        ClusterName = "sample",
        Name = $"gateway-{i:D4}",
        Listen = new IPEndPoint(new IPAddress([127, 0, 1, (byte)(1 + (i % 250))]), 0),
        Discovery = [$"tcp://{seed}"],
        Keys = [args[2]],
    }));

    // All at once would be a storm that no cluster is started by.
    await Task.Delay(40);
}

while (members.Any(member => member.View.Alive.Count() <= count))
{
    await Task.Delay(500);
}

Console.WriteLine("ready");
await Console.In.ReadToEndAsync();
Console.WriteLine($"fewest members that one of them sees alive: {members.Min(member => member.View.Alive.Count())}");
