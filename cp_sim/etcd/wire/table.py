"""The fields of etcd's messages, and the methods that carry them, as one table.

A line is a message: its name, then its fields as `name number type`. A star makes a field repeated, `one/` makes it
part of the message's only union. A type that is no scalar is another message of the table or one of `ENUMS`, which
travels as a number.

Source: etcd `api/etcdserverpb/rpc.proto`, `api/mvccpb/kv.proto`, as of v3.4 to v3.6.
"""

from __future__ import annotations

# The names of an enumeration's values, in order from 0.
ENUMS: dict[str, tuple[str, ...]] = {
    "SortOrder": ("NONE", "ASCEND", "DESCEND"),
    "SortTarget": ("KEY", "VERSION", "CREATE", "MOD", "VALUE"),
    "CompareResult": ("EQUAL", "GREATER", "LESS", "NOT_EQUAL"),
    "CompareTarget": ("VERSION", "CREATE", "MOD", "VALUE", "LEASE"),
    "FilterType": ("NOPUT", "NODELETE"),
    "EventType": ("PUT", "DELETE"),
    "AlarmType": ("NONE", "NOSPACE", "CORRUPT"),
    "AlarmAction": ("GET", "ACTIVATE", "DEACTIVATE"),
}

MESSAGES = """
mvccpb.KeyValue: key 1 bytes, create_revision 2 int64, mod_revision 3 int64, version 4 int64, value 5 bytes, \
lease 6 int64
mvccpb.Event: type 1 EventType, kv 2 KeyValue, prev_kv 3 KeyValue

ResponseHeader: cluster_id 1 uint64, member_id 2 uint64, revision 3 int64, raft_term 4 uint64

RangeRequest: key 1 bytes, range_end 2 bytes, limit 3 int64, revision 4 int64, sort_order 5 SortOrder, \
sort_target 6 SortTarget, serializable 7 bool, keys_only 8 bool, count_only 9 bool, min_mod_revision 10 int64, \
max_mod_revision 11 int64, min_create_revision 12 int64, max_create_revision 13 int64
RangeResponse: header 1 ResponseHeader, kvs 2 *KeyValue, more 3 bool, count 4 int64
PutRequest: key 1 bytes, value 2 bytes, lease 3 int64, prev_kv 4 bool, ignore_value 5 bool, ignore_lease 6 bool
PutResponse: header 1 ResponseHeader, prev_kv 2 KeyValue
DeleteRangeRequest: key 1 bytes, range_end 2 bytes, prev_kv 3 bool
DeleteRangeResponse: header 1 ResponseHeader, deleted 2 int64, prev_kvs 3 *KeyValue
RequestOp: request_range 1 one/RangeRequest, request_put 2 one/PutRequest, \
request_delete_range 3 one/DeleteRangeRequest, request_txn 4 one/TxnRequest
ResponseOp: response_range 1 one/RangeResponse, response_put 2 one/PutResponse, \
response_delete_range 3 one/DeleteRangeResponse, response_txn 4 one/TxnResponse
Compare: result 1 CompareResult, target 2 CompareTarget, key 3 bytes, version 4 one/int64, \
create_revision 5 one/int64, mod_revision 6 one/int64, value 7 one/bytes, lease 8 one/int64, range_end 64 bytes
TxnRequest: compare 1 *Compare, success 2 *RequestOp, failure 3 *RequestOp
TxnResponse: header 1 ResponseHeader, succeeded 2 bool, responses 3 *ResponseOp
CompactionRequest: revision 1 int64, physical 2 bool
CompactionResponse: header 1 ResponseHeader

WatchRequest: create_request 1 one/WatchCreateRequest, cancel_request 2 one/WatchCancelRequest, \
progress_request 3 one/WatchProgressRequest
WatchCreateRequest: key 1 bytes, range_end 2 bytes, start_revision 3 int64, progress_notify 4 bool, \
filters 5 *FilterType, prev_kv 6 bool, watch_id 7 int64, fragment 8 bool
WatchCancelRequest: watch_id 1 int64
WatchProgressRequest:
WatchResponse: header 1 ResponseHeader, watch_id 2 int64, created 3 bool, canceled 4 bool, compact_revision 5 int64, \
cancel_reason 6 string, fragment 7 bool, events 11 *Event

LeaseGrantRequest: TTL 1 int64, ID 2 int64
LeaseGrantResponse: header 1 ResponseHeader, ID 2 int64, TTL 3 int64, error 4 string
LeaseRevokeRequest: ID 1 int64
LeaseRevokeResponse: header 1 ResponseHeader
LeaseKeepAliveRequest: ID 1 int64
LeaseKeepAliveResponse: header 1 ResponseHeader, ID 2 int64, TTL 3 int64
LeaseTimeToLiveRequest: ID 1 int64, keys 2 bool
LeaseTimeToLiveResponse: header 1 ResponseHeader, ID 2 int64, TTL 3 int64, grantedTTL 4 int64, keys 5 *bytes
LeaseLeasesRequest:
LeaseStatus: ID 1 int64
LeaseLeasesResponse: header 1 ResponseHeader, leases 2 *LeaseStatus

Member: ID 1 uint64, name 2 string, peerURLs 3 *string, clientURLs 4 *string, isLearner 5 bool
MemberAddRequest: peerURLs 1 *string, isLearner 2 bool
MemberAddResponse: header 1 ResponseHeader, member 2 Member, members 3 *Member
MemberRemoveRequest: ID 1 uint64
MemberRemoveResponse: header 1 ResponseHeader, members 2 *Member
MemberUpdateRequest: ID 1 uint64, peerURLs 2 *string
MemberUpdateResponse: header 1 ResponseHeader, members 2 *Member
MemberListRequest: linearizable 1 bool
MemberListResponse: header 1 ResponseHeader, members 2 *Member
MemberPromoteRequest: ID 1 uint64
MemberPromoteResponse: header 1 ResponseHeader, members 2 *Member

AlarmRequest: action 1 AlarmAction, memberID 2 uint64, alarm 3 AlarmType
AlarmMember: memberID 1 uint64, alarm 2 AlarmType
AlarmResponse: header 1 ResponseHeader, alarms 2 *AlarmMember
StatusRequest:
StatusResponse: header 1 ResponseHeader, version 2 string, dbSize 3 int64, leader 4 uint64, raftIndex 5 uint64, \
raftTerm 6 uint64, raftAppliedIndex 7 uint64, errors 8 *string, dbSizeInUse 9 int64, isLearner 10 bool, \
storageVersion 11 string, dbSizeQuota 12 int64
DefragmentRequest:
DefragmentResponse: header 1 ResponseHeader
HashRequest:
HashResponse: header 1 ResponseHeader, hash 2 uint32
HashKVRequest: revision 1 int64
HashKVResponse: header 1 ResponseHeader, hash 2 uint32, compact_revision 3 int64, hash_revision 4 int64
SnapshotRequest:
SnapshotResponse: header 1 ResponseHeader, remaining_bytes 2 uint64, blob 3 bytes, version 4 string
MoveLeaderRequest: targetID 1 uint64
MoveLeaderResponse: header 1 ResponseHeader

AuthenticateRequest: name 1 string, password 2 string
AuthenticateResponse: header 1 ResponseHeader, token 2 string
"""

# Service: method, request, response; a star where more than one message goes that way.
SERVICES = """
KV: Range RangeRequest RangeResponse
KV: Put PutRequest PutResponse
KV: DeleteRange DeleteRangeRequest DeleteRangeResponse
KV: Txn TxnRequest TxnResponse
KV: Compact CompactionRequest CompactionResponse
Watch: Watch *WatchRequest *WatchResponse
Lease: LeaseGrant LeaseGrantRequest LeaseGrantResponse
Lease: LeaseRevoke LeaseRevokeRequest LeaseRevokeResponse
Lease: LeaseKeepAlive *LeaseKeepAliveRequest *LeaseKeepAliveResponse
Lease: LeaseTimeToLive LeaseTimeToLiveRequest LeaseTimeToLiveResponse
Lease: LeaseLeases LeaseLeasesRequest LeaseLeasesResponse
Cluster: MemberAdd MemberAddRequest MemberAddResponse
Cluster: MemberRemove MemberRemoveRequest MemberRemoveResponse
Cluster: MemberUpdate MemberUpdateRequest MemberUpdateResponse
Cluster: MemberList MemberListRequest MemberListResponse
Cluster: MemberPromote MemberPromoteRequest MemberPromoteResponse
Maintenance: Alarm AlarmRequest AlarmResponse
Maintenance: Status StatusRequest StatusResponse
Maintenance: Defragment DefragmentRequest DefragmentResponse
Maintenance: Hash HashRequest HashResponse
Maintenance: HashKV HashKVRequest HashKVResponse
Maintenance: Snapshot SnapshotRequest *SnapshotResponse
Maintenance: MoveLeader MoveLeaderRequest MoveLeaderResponse
Auth: Authenticate AuthenticateRequest AuthenticateResponse
"""
